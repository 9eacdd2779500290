import Foundation
import MillraceCore
import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

/// Who waits for a job whose end is told of through Redis.
///
/// The clock by which it is looked at again stands still, so nothing but what is told can end a wait.
@Suite("Who waits for a job", .timeLimit(.minutes(5)))
struct JobEndTests {
    private let type = HintLab.type

    /// Waits for a job by a queue of its own, while another process does something.
    private func wait(
        for job: Job, _ lab: HintLab, while body: () async throws -> Void
    ) async throws -> Result<JSONText?, StoreError> {
        let waiter = lab.otherQueue()
        return try await withThrowingTaskGroup(of: Result<JSONText?, StoreError>.self) { group in
            group.addTask {
                do throws(StoreError) {
                    return .success(try await waiter.waitForResult(of: job.id, clock: lab.clock))
                } catch {
                    return .failure(error)
                }
            }
            // It has looked, found the job open, and waits.
            try await lab.clock.waitForSleepers(1)
            try await body()
            return try #require(try await group.next())
        }
    }

    private func heldJob(_ lab: HintLab, maxRetries: Int = 0) async throws -> Job {
        _ = try await lab.queue.enqueue(JobRequest(type, maxRetries: maxRetries))
        return try #require(try await lab.claim(1).first)
    }

    @Test func `is told when another process settles it, and what came of it`() async throws {
        try await HintLab.with { (lab) async throws in
            let value = JSONText(stored: #"{"words": 12}"#)
            let long = JSONText(stored: "\"" + String(repeating: "ä", count: 100_000) + "\"")
            for result in [value, nil, long] {
                let job = try await heldJob(lab)
                let found = try await wait(for: job, lab) {
                    let lost = try await lab.queue.settle([JobSettlement(job, .completed(result: result))])
                    #expect(lost.isEmpty)
                }
                #expect(try found.get() == result)
            }
        }
    }

    @Test func `is told that it failed, with its reason, or was called off`() async throws {
        try await HintLab.with { (lab) async throws in
            let outcomes: [(JobSettlement.Outcome, StoreError.Code, String)] = [
                (.failed(error: "no such file"), .jobFailed, "no such file"),
                (.retry(at: lab.clock.timeOfDay, error: "no more tries"), .jobFailed, "no more tries"),
                (.cancelled, .jobCancelled, "cancelled"),
            ]
            for (outcome, code, word) in outcomes {
                let job = try await heldJob(lab)
                let found = try await wait(for: job, lab) {
                    _ = try await lab.queue.settle([JobSettlement(job, outcome)])
                }
                guard case .failure(let error) = found else {
                    Issue.record("no error for \(outcome)")
                    continue
                }
                #expect(error.code == code)
                #expect(error.message.contains(word))
            }
            let job = try await heldJob(lab)
            let found = try await wait(for: job, lab) { try await lab.queue.updateJobStatus(job.id, to: .cancelled) }
            #expect(throws: StoreError.self) { try found.get() }
        }
    }

    @Test func `goes on to wait when it is only to be run again`() async throws {
        try await HintLab.with { (lab) async throws in
            let job = try await heldJob(lab, maxRetries: 1)
            let found = try await wait(for: job, lab) {
                _ = try await lab.queue.settle([JobSettlement(job, .retry(at: lab.clock.timeOfDay, error: "flaky"))])
                let again = try #require(try await lab.claim(1).first)
                _ = try await lab.queue.settle([JobSettlement(again, .completed(result: JSONText(stored: "2")))])
            }
            #expect(try found.get() == JSONText(stored: "2"))
        }
    }

    @Test func `is told nothing of how the job had ended before it was queued again`() async throws {
        try await HintLab.with { (lab) async throws in
            let job = try await heldJob(lab)
            let failed = try await wait(for: job, lab) {
                _ = try await lab.queue.settle([JobSettlement(job, .failed(error: "at first"))])
            }
            #expect(throws: StoreError.self) { try failed.get() }
            try await lab.queue.updateJobStatus(job.id, to: .queued)
            // It begins to listen to Redis, so it is told to look.
            let listener = await lab.otherQueue().jobEnds.listen(forEndOf: job.id)
            #expect(await listener.wait() == nil)
            listener.stop()
        }
    }

    @Test func `is not told of a lease that was lost`() async throws {
        try await HintLab.with { (lab) async throws in
            let job = try await heldJob(lab, maxRetries: 1)
            _ = try await lab.base.settle([JobSettlement(job, .released)])
            let again = try #require(try await lab.claim(1).first)
            let found = try await wait(for: again, lab) {
                let lost = try await lab.queue.settle([JobSettlement(job, .completed(result: JSONText(stored: "1")))])
                #expect(lost == [job.id])
                _ = try await lab.queue.settle([JobSettlement(again, .completed(result: JSONText(stored: "2")))])
            }
            #expect(try found.get() == JSONText(stored: "2"))
        }
    }

    @Test func `costs those nothing whose jobs nobody waits for`() async throws {
        try await HintLab.with { (lab) async throws in
            let job = try await heldJob(lab)
            _ = try await lab.queue.settle([JobSettlement(job, .completed(result: JSONText(stored: "1")))])
            let answers = await lab.client.send(
                [
                    RedisCommand("EXISTS", .text(lab.keys.result(of: job.id))),
                    RedisCommand("EXISTS", .text(lab.keys.awaited)),
                ], timeout: .seconds(20))
            for answer in answers { #expect(try answer.get() == .integer(0)) }
            let waited = try await heldJob(lab)
            _ = try await wait(for: waited, lab) {
                _ = try await lab.queue.settle([JobSettlement(waited, .completed(result: nil))])
            }
            let time = try await lab.client.send(
                RedisCommand("PTTL", .text(lab.keys.result(of: waited.id))), timeout: .seconds(20))
            #expect((1...30_000).contains(try #require(time.number)))
        }
    }

    @Test func `has its result from the store when Redis is away, or has lost all`() async throws {
        try await RedisServer.with { server in
            try await HintLab.with(on: server) { (lab) async throws in
                let job = try await heldJob(lab)
                let found = try await withThrowingTaskGroup(of: JSONText?.self) { group in
                    group.addTask { try await lab.otherQueue().waitForResult(of: job.id, clock: lab.clock) }
                    try await lab.clock.waitForSleepers(1)
                    try await server.crash()
                    _ = try await lab.base.settle([JobSettlement(job, .completed(result: JSONText(stored: "3")))])
                    group.addTask {
                        while !Task.isCancelled {
                            if lab.clock.sleeperCount > 0 { lab.clock.advance(by: .milliseconds(10)) }
                            await Task.yield()
                        }
                        return nil
                    }
                    defer { group.cancelAll() }
                    return try await group.next()
                }
                #expect(found == JSONText(stored: "3"))
            }
        }
    }
}
