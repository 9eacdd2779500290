import Foundation
import MillraceCore
import MillraceTesting
import NIOCore
import Synchronization
import TestServers
import Testing

@testable import MillraceRedis

/// What is said of new work through Redis.
@Suite("New work is announced through Redis", .timeLimit(.minutes(5)))
struct ReadyAnnouncementTests {
    private final class Heard: Sendable {
        private let words = Mutex<[WorkAnnouncement]>([])
        var count: Int { words.withLock { $0.count } }
        var all: [WorkAnnouncement] { words.withLock { $0 } }
        func add(_ word: WorkAnnouncement) { words.withLock { $0.append(word) } }
    }

    /// What a store says by itself.
    private struct Voice: WorkAnnouncing {
        var failure: StoreError?

        func announceWork(to listener: @escaping @Sendable (WorkAnnouncement) -> Void) async throws(StoreError) {
            if let failure { throw failure }
            listener(.listening)
            listener(.chunks)
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
        }
    }

    private func listen(
        to announcements: some WorkAnnouncing, _ body: (Heard) async throws -> Void
    ) async throws {
        let heard = Heard()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await announcements.announceWork { heard.add($0) } }
            // Whoever begins to listen is told to look.
            try await eventually { heard.all.contains(.jobs) }
            try await body(heard)
            group.cancelAll()
        }
    }

    @Test func `by who enqueues jobs, in any process, and by who gives jobs back`() async throws {
        try await HintLab.with { (lab) async throws in
            let other = lab.otherQueue()
            try await listen(to: RedisAnnouncements(base: nil, hints: other.hints)) { heard in
                #expect(!heard.all.contains(.listening))
                var count = heard.count
                _ = try await lab.queue.enqueue(JobRequest(HintLab.type))
                try await eventually { heard.count > count }
                let job = try #require(try await lab.claim(1).first)
                #expect(!other.hints.desk.beginsLookAfterFirst(in: HintLab.scope))
                count = heard.count
                _ = try await lab.queue.settle([JobSettlement(job, .released)])
                try await eventually { heard.count > count }
                // The others have no hint of it, so they are to ask the queue.
                #expect(other.hints.desk.beginLook(in: HintLab.scope))
                #expect(heard.all.allSatisfy { $0 == .jobs })
            }
        }
    }

    @Test func `beside what the store says by itself, and instead where that cannot be listened to`() async throws {
        try await HintLab.with { (lab) async throws in
            try await listen(to: RedisAnnouncements(base: Voice(), hints: lab.queue.hints)) { heard in
                try await eventually { heard.all.contains(.listening) && heard.all.contains(.chunks) }
            }
            let deaf = Voice(failure: StoreError(.invalid, "behind a pooler"))
            try await listen(to: RedisAnnouncements(base: deaf, hints: lab.queue.hints)) { heard in
                let count = heard.count
                _ = try await lab.otherQueue().enqueue(JobRequest(HintLab.type))
                try await eventually { heard.count > count }
            }
            let away = Voice(failure: StoreError(.unavailable, "restarting"))
            await #expect(throws: StoreError.self) {
                try await RedisAnnouncements(base: away, hints: lab.queue.hints).announceWork { _ in }
            }
        }
    }
}

extension HintDesk {
    /// Whether a look is wished for, when the first has been had.
    fileprivate func beginsLookAfterFirst(in scope: JobScope) -> Bool {
        _ = beginLook(in: scope)
        return beginLook(in: scope)
    }
}
