import Foundation
import MillraceCore
import MillraceSQLite
import Testing

@Suite(.bounded) struct ToldToEndTests {
    private static let type = JobType(known: "effect")

    private func request(milliseconds: Int) throws -> JobRequest {
        JobRequest(Self.type, payload: try JSONText(#"{"milliseconds":\#(milliseconds)}"#))
    }

    @Test func `a job that is cancelled in one process is told to end in the other that runs it`() async throws {
        try await Workplace.with { place in
            let jobs = SQLiteJobQueueRepository(try SQLiteStore(path: place.store))
            let id = try await jobs.enqueue(request(milliseconds: 3_600_000))
            let end = try await place.run(Program.soak, ["effect-worker", "--store", place.store]) { worker in
                try await eventually("the job runs") { try await jobs.job(id)?.status == .processing }
                let start = ContinuousClock.now
                try await jobs.updateJobStatus(id, to: .cancelled)
                try await eventually("the job is told to end") {
                    try worker.errors().contains("job \(id) was told to end")
                }
                print("cancelled in another process after \(start.duration(to: .now).inSeconds) s")
                worker.send(SIGTERM)
            }
            #expect(end.status == 0, "\(end.errors)")
            #expect(try await jobs.job(id)?.status == .cancelled)
        }
    }

    @Test func `a worker whose job does not end when it is stopped exits all the same, and gives the job back`()
        async throws
    {
        try await Workplace.with { place in
            let jobs = SQLiteJobQueueRepository(try SQLiteStore(path: place.store))
            let id = try await jobs.enqueue(request(milliseconds: 0))
            let end = try await place.run(
                Program.soak,
                [
                    "effect-worker", "--store", place.store, "--hold", place.path("never"), "--grace-milliseconds",
                    "500",
                ]
            ) { worker in
                try await eventually("the job runs") { try await jobs.job(id)?.status == .processing }
                worker.send(SIGTERM)
            }
            #expect(end.status == 0, "\(end.errors)")
            let job = try #require(try await jobs.job(id))
            #expect(job.status == .queued && job.crashes == 0 && job.retryCount == 0)
            #expect(try await jobs.workers().isEmpty)
        }
    }
}
