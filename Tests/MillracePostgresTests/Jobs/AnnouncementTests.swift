import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillracePostgres

/// New work that is announced by NOTIFY.
@Suite("New work", .timeLimit(.minutes(5)))
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
                _ = try await jobs.enqueue((0..<50).map { JobRequest(JobType(known: "work"), uniqueKey: "\($0)") })
                try await eventually { heard.all == [.listening, .jobs, .jobs, .jobs, .jobs] }
                // What is skipped is nothing new, and not said; what is sent by COPY is.
                _ = try await jobs.enqueue((0..<50).map { JobRequest(JobType(known: "work"), uniqueKey: "\($0)") })
                let store = try await temporary.storeByServerClock()
                _ = try await PostgresJobQueueRepository(store).enqueue(
                    Array(repeating: JobRequest(JobType(known: "work")), count: 500))
                try await eventually { heard.all == [.listening, .jobs, .jobs, .jobs, .jobs, .jobs] }
                await store.close()
                group.cancelAll()
            }
        }
    }

    @Test("is announced after its transaction, so that transactions do not wait for each other", arguments: [1, 500])
    func afterwards(count: Int) async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let store = try await temporary.storeByServerClock()
            let jobs = PostgresJobQueueRepository(store)
            let before = temporary.statements.all.count
            _ = try await jobs.enqueue(
                (0..<count).map { JobRequest(JobType(known: "work"), uniqueKey: count == 1 ? "key \($0)" : nil) })
            // Not the one for callers with transactions of their own, which says nothing here.
            let isNotice = { @Sendable (sql: String) in sql.contains("pg_notify($1::text, word)") }
            try await eventually { temporary.statements.all[before...].contains(where: isNotice) }
            // Until all is said that there is to say.
            await store.close()
            let own = temporary.statements.all[before...]
            #expect(own.count(where: isNotice) == 1)
            let notice = try #require(own.firstIndex(where: isNotice))
            #expect(own[notice].contains("synchronous_commit"))
            #expect(!own[notice...].contains { $0.contains("processing_jobs") })
        }
    }

    @Test func `is announced together for all that is enqueued while others are told`() async throws {
        let (told, permits) = (Locked<[[JobAnnouncer.Word]]>([]), AsyncStream<Void>.makeStream())
        let announcer = JobAnnouncer { words in
            told.withLock { $0.append(words) }
            for await _ in permits.stream { break }
        }
        announcer.announce(.jobs)
        try await eventually { told.withLock { $0.count } == 1 }
        for _ in 0..<100 { announcer.announce(.jobs) }
        announcer.announce(.again)
        for _ in 0..<3 { permits.continuation.yield() }
        try await eventually { told.withLock { $0.count } == 2 }
        try await Task.sleep(for: .milliseconds(20))
        announcer.announce(.again)
        try await eventually { told.withLock { $0.count } == 3 }
        #expect(told.withLock { $0 } == [[.jobs], [.again, .jobs], [.again]])
    }

    @Test func `is announced before its store is closed`() async throws {
        let (told, permits) = (Locked<[JobAnnouncer.Word]>([]), AsyncStream<Void>.makeStream())
        let announcer = JobAnnouncer { words in
            for await _ in permits.stream { break }
            told.withLock { $0 += words }
        }
        await announcer.finish()
        announcer.announce(.jobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await announcer.finish()
                #expect(told.withLock { $0 } == [.jobs])
            }
            for _ in 0..<100 { await Task.yield() }
            permits.continuation.yield()
            try await group.waitForAll()
        }
    }

    @Test func `is found though it stands behind all others, when another process gives it back`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let (here, there) = (
                PostgresJobQueueRepository(temporary.store), PostgresJobQueueRepository(temporary.store)
            )
            let (clock, work) = (temporary.clock, JobRequest(JobType(known: "work")))
            let worker = WorkerID.make(at: clock.timeOfDay)
            try await here.register(worker, process: nil, leasedFor: .seconds(60))
            let heard = Heard()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let announcements = try #require(here.announcements)
                group.addTask { try await announcements.announceWork { heard.add($0) } }
                try await eventually { heard.all == [.listening] }
                func claim(by jobs: PostgresJobQueueRepository) async throws -> Job? {
                    try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker).first
                }
                try await here.enqueue(work)
                let given = try #require(try await claim(by: there))
                // Until not even a look back gets there.
                for _ in 0..<3 {
                    clock.advance(by: .milliseconds(1_100))
                    let next = try await here.enqueue(work)
                    #expect(try await claim(by: here)?.id == next)
                }
                #expect(try await claim(by: here) == nil)
                #expect(try await there.settle([JobSettlement(given, .released)]) == [])
                // The clock stands still, so nothing but what is said can lead to it.
                try await eventually { try await claim(by: here)?.id == given.id }
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
