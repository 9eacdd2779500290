import Dispatch
import Foundation
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Synchronization
import Testing

@Suite("Commits in groups")
struct GroupCommitTests {
    @Test("put the transactions of many callers on the disk together")
    func together() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-group-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (commits, coming) = (Tally(), Tally())
        let store = try SQLiteStore(
            path: folder.appendingPathComponent("m.db").path,
            options: SQLiteStore.Options(onStatement: { if $0.hasPrefix("COMMIT") { commits.add() } }))
        let jobs = SQLiteJobQueueRepository(store)
        let before = commits.value
        let isFree = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Somebody writes until all have come.
            group.addTask { try await store.transaction { _ in isFree.wait() } }
            for _ in 0..<500 {
                group.addTask {
                    coming.add()
                    try await jobs.enqueue(JobRequest(JobType("work")))
                }
            }
            while coming.value < 500 { await Task.yield() }
            isFree.signal()
            try await group.waitForAll()
        }
        #expect(try await jobs.jobStats(queueName: .default)[.queued] == 500)
        #expect(commits.value - before < 250, "500 callers took \(commits.value - before) commits")
    }

    @Test("undo only the one that fails")
    func oneFails() async throws {
        let temporary = try TemporaryStore()
        let jobs = SQLiteJobQueueRepository(temporary.store)
        let missing = JobID.make(at: temporary.clock.now())
        let failures = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                group.addTask {
                    do {
                        if index % 10 == 0 {
                            try await jobs.updateJobStatus(missing, to: .cancelled)
                        } else {
                            try await jobs.enqueue(JobRequest(JobType("work")))
                        }
                        return false
                    } catch {
                        return (error as? StoreError)?.code == .notFound
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 10)
        #expect(try await jobs.jobStats(queueName: .default)[.queued] == 90)
    }

    @Test("undo one that fails alone")
    func oneFailsAlone() async throws {
        let temporary = try TemporaryStore()
        let jobs = SQLiteJobQueueRepository(temporary.store)
        await #expect(throws: StoreError.self) {
            try await temporary.store.transaction { db in
                _ = try jobs.enqueue([JobRequest(JobType(known: "work"))], in: db)
                throw StoreError(.conflict, "changed its mind")
            }
        }
        #expect(try await jobs.jobStats(queueName: .default).total == 0)
        try await jobs.enqueue(JobRequest(JobType("work")))
        #expect(try await jobs.jobStats(queueName: .default).total == 1)
    }

    @Test("do nothing for a caller that was cancelled before")
    func cancelled() async throws {
        let temporary = try TemporaryStore()
        let jobs = SQLiteJobQueueRepository(temporary.store)
        let code = await withTaskGroup(of: StoreError.Code?.self) { group in
            group.cancelAll()
            group.addTask {
                do throws(StoreError) {
                    try await jobs.enqueue(JobRequest(JobType(known: "work")))
                    return nil
                } catch {
                    return error.code
                }
            }
            return await group.next() ?? nil
        }
        #expect(code == .cancelled)
        #expect(try await jobs.jobStats(queueName: .default).total == 0)
    }

    private final class Tally: Sendable {
        private let total = Atomic<Int>(0)

        func add() { total.add(1, ordering: .relaxed) }
        var value: Int { total.load(ordering: .relaxed) }
    }
}
