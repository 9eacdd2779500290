import MillraceCore
import MillraceSQLite
import Testing

@Suite("Unique keys of jobs")
struct UniqueKeyTests {
    @Test("a job whose key another open job has cannot be opened again, and the error says what to do")
    func retry() async throws {
        let place = try MaintainedStore()
        let request = JobRequest(try JobType("work"), uniqueKey: "once")
        let first = try await place.jobs.enqueue(request)
        try await place.jobs.updateJobStatus(first, to: .cancelled)
        let second = try await place.jobs.enqueue(request)
        #expect(second != first)
        let error = try #require(
            await #expect(throws: StoreError.self) { try await place.jobs.updateJobStatus(first, to: .queued) })
        #expect(error.code == .conflict)
        #expect("\(error)" == "another open job has the unique key of job \(first); wait for it or cancel it")
    }
}
