import Foundation
import MillraceCore
import MillracePostgres
import TestServers
import Testing

@Suite(.bounded) struct FrozenPostgresWorkerTests {
    @Test func `a worker that is frozen past its lease in PostgreSQL and thawed changes nothing of what another did`()
        async throws
    {
        let schema = try await PostgresServer.shared.freshSchema()
        let store = try await PostgresStore(PostgresConfiguration(schema.url))
        let jobs = PostgresJobQueueRepository(store)
        try await Workplace.with { place in
            let request = JobRequest(JobType(known: "effect"), payload: try JSONText(#"{"milliseconds":0}"#))
            let id = try await jobs.enqueue(request)
            let options = [
                "effect-worker", "--store", schema.url, "--concurrency", "1", "--lease-milliseconds", "3000",
            ]
            let frozen = try await place.run(Program.soak, options + ["--hold", place.path("go")]) { frozen in
                try await eventually("the job is held") { try await jobs.job(id)?.status == .processing }
                frozen.send(SIGSTOP)
                defer { frozen.send(SIGCONT) }
                let heir = try await place.run(Program.soak, options) { heir in
                    try await eventually("the job is taken over and done") {
                        try await jobs.job(id)?.status == .completed
                    }
                    let done = try await jobs.job(id)
                    #expect(done?.crashes ?? 0 >= 1)
                    #expect(try await Self.writers(of: id, in: schema) == "\(heir.processID)")

                    // It goes on where it was: it knows of nothing, writes its effect and settles.
                    _ = try place.write("", to: "go")
                    frozen.send(SIGCONT)
                    try await eventually("the thawed worker finds its lease lost") {
                        try frozen.errors().contains("the lease of job \(id) was lost")
                    }
                    #expect(try await jobs.job(id) == done)
                    #expect(try await Self.writers(of: id, in: schema) == "\(heir.processID)")
                    heir.send(SIGTERM)
                }
                #expect(heir.status == 0, "\(heir.errors)")

                // It has come back as somebody new, and works.
                let next = try await jobs.enqueue(request)
                try await eventually("the thawed worker does another job") {
                    try await jobs.job(next)?.status == .completed
                }
                #expect(try await Self.writers(of: next, in: schema) == "\(frozen.processID)")
                frozen.send(SIGTERM)
            }
            #expect(frozen.status == 0, "\(frozen.errors)")
        }
        await store.close()
        try await schema.drop()
    }

    /// The processes that wrote the effect of a job.
    private static func writers(of id: JobID, in schema: TestSchema) async throws -> String {
        try await schema.server.psql("SELECT process_id FROM \(schema.name).soak_effects WHERE job_id = '\(id)'")
    }
}
