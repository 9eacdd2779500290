import MillraceCore
import MillraceTesting
import Testing

extension Workplace {
    /// Workers that claim everything and are never heard of again, one after the other.
    func crash(times: Int, takingOnlyWhatRunsAlone isAlone: Bool = false, types: [JobType]) async throws {
        for _ in 0..<times {
            let worker = WorkerID.make(at: clock.timeOfDay)
            try await jobs.base.register(worker, process: nil, leasedFor: .seconds(10))
            let scope = JobScope(types: types, maxCrashes: isAlone ? 3 : 0, isAlone: isAlone)
            #expect(try await !jobs.base.claim(upTo: 1_000, from: scope, by: worker).isEmpty)
            clock.advance(by: .seconds(10))
            _ = try await jobs.base.rescue(maxCrashes: isAlone ? 3 : 0)
        }
    }
}
