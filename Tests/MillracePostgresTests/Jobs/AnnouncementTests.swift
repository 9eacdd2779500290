import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillracePostgres

/// New work that is announced by NOTIFY.
@Suite("New work", .timeLimit(.minutes(1)))
struct AnnouncementTests {
    private final class Heard: Sendable {
        private let announcements = Mutex<[WorkAnnouncement]>([])

        var all: [WorkAnnouncement] { announcements.withLock { $0 } }

        func add(_ announcement: WorkAnnouncement) { announcements.withLock { $0.append(announcement) } }
    }

    @Test func `is announced to who listens, once a batch, by whoever enqueues`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let heard = Heard()
            let announcements = try #require(jobs.announcements)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await announcements.announceWork { announcement in
                        heard.add(announcement)
                    }
                }
                try await eventually { heard.all == [.listening] }
                _ = try await jobs.enqueue(Array(repeating: JobRequest(JobType(known: "work")), count: 50))
                try await eventually { heard.all == [.listening, .jobs] }
                try await temporary.psql("SELECT {schema}.enqueue('work')")
                try await eventually { heard.all == [.listening, .jobs, .jobs] }
                try await temporary.store.transaction { connection in
                    for _ in 0..<3 {
                        _ = try await jobs.enqueue([JobRequest(JobType(known: "work"))], in: connection)
                    }
                }
                try await eventually { heard.all == [.listening, .jobs, .jobs, .jobs] }
                group.cancelAll()
            }
        }
    }

    @Test func `cannot be heard through a pooler, and who tries is told so at once`() async throws {
        try await TemporaryPostgres.with(.pgBouncer) { temporary in
            let announcements = try #require(PostgresJobQueueRepository(temporary.store).announcements)
            let error = await #expect(throws: StoreError.self) { try await announcements.announceWork { _ in } }
            #expect(error?.code == .invalid)
        }
    }
}
