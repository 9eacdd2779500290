import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import Testing

@Suite(.bounded) struct FrozenWorkerTests {
    @Test func `a worker that is frozen past its lease and thawed changes nothing of what another has done`()
        async throws
    {
        try await Workplace.with { place in
            let store = try SQLiteStore(path: place.store)
            let jobs = SQLiteJobQueueRepository(store)
            let request = JobRequest(JobType(known: "effect"), payload: try JSONText(#"{"milliseconds":0}"#))
            let id = try await jobs.enqueue(request)
            let options = [
                "effect-worker", "--store", place.store, "--concurrency", "1", "--lease-milliseconds", "3000",
            ]
            let frozen = try await place.run(Program.soak, options + ["--hold", place.path("go")]) { frozen in
                try await eventually("the job is held") { try await jobs.job(id)?.status == .processing }
                defer { frozen.send(SIGCONT) }
                try await Self.freeze(frozen, on: place.store)
                let heir = try await place.run(Program.soak, options) { heir in
                    try await eventually("the job is taken over and done") {
                        try await jobs.job(id)?.status == .completed
                    }
                    let done = try await jobs.job(id)
                    #expect(done?.crashes ?? 0 >= 1)
                    #expect(try await Self.writers(of: id, in: store) == [heir.processID])

                    // It goes on where it was: it knows of nothing, writes its effect and settles.
                    _ = try place.write("", to: "go")
                    frozen.send(SIGCONT)
                    try await eventually("the thawed worker finds its lease lost") {
                        try frozen.errors().contains("the lease of job \(id) was lost")
                    }
                    #expect(try await jobs.job(id) == done)
                    #expect(try await Self.writers(of: id, in: store) == [heir.processID])
                    heir.send(SIGTERM)
                }
                #expect(heir.status == 0, "\(heir.errors)")

                // It has come back as somebody new, and works.
                let next = try await jobs.enqueue(request)
                try await eventually("the thawed worker does another job") {
                    try await jobs.job(next)?.status == .completed
                }
                #expect(try await Self.writers(of: next, in: store) == [frozen.processID])
                frozen.send(SIGTERM)
            }
            #expect(frozen.status == 0, "\(frozen.errors)")
        }
    }

    /// Freezes a worker that writes nothing just now: with one that stands still in the middle of that, nobody else could
    /// write.
    private static func freeze(_ worker: Running, on store: String) async throws {
        let queue = try DatabaseQueue(path: store)
        try await eventually("it stands still and writes nothing") {
            worker.send(SIGSTOP)
            try await eventually("it stands still") { worker.isFrozen }
            do {
                try await queue.writeWithoutTransaction { db in try db.inTransaction(.immediate) { .rollback } }
                return true
            } catch {
                worker.send(SIGCONT)
                return false
            }
        }
    }

    /// The processes that wrote the effect of a job.
    private static func writers(of id: JobID, in store: SQLiteStore) async throws -> [Int32] {
        try await store.transaction { db in
            try Int32.fetchAll(
                db, sql: "SELECT process_id FROM soak_effects WHERE job_id = ?", arguments: ["\(id)"])
        }
    }
}
