import Foundation
import Limits
import Millrace

/// Claims and settles batches of jobs through the repository, beside bare statements on the same schema.
struct ClaimAndSettle: Benchmark {
    let scratch: Scratch
    let batch: Int

    var name: String { "claim-settle-\(batch)" }

    private static let type = JobType(known: "bench")
    private static let result = #"{"words":12,"language":"en"}"#

    /// Enough for some seconds whatever the batch, as each batch waits for the disk twice.
    private var count: Int { batch * max(60, 500 / batch) }

    func measure(runs: Int) async throws -> Figure {
        let pairs = try await pairs(runs, ours: ours, limit: limit)
        return Figure(name: name, unit: "jobs/s", wanted: 0.5, pairs: pairs)
    }

    private func ours() async throws -> Double {
        let (path, worker) = try await store()
        let jobs = try await RepositoryFactory(store: .file(path)).jobQueueRepository()
        let scope = JobScope(types: [Self.type])
        let result = JSONText(stored: Self.result)
        return try await rate {
            let claimed = try await jobs.claim(upTo: batch, from: scope, by: worker)
            let lost = try await jobs.settle(claimed.map { JobSettlement($0, .completed(result: result)) })
            return claimed.count - lost.count
        }
    }

    private func limit() async throws -> Double {
        let (path, worker) = try await store()
        let jobs = try BareJobs(
            path: path, worker: "\(worker)", queue: QueueName.default.name, type: Self.type.name)
        let clock = SystemWallClock()
        return try await rate {
            let claimed = try jobs.claim(upTo: batch, at: clock.now().microseconds)
            return try jobs.settle(claimed, result: Self.result, at: clock.now().microseconds)
        }
    }

    /// Jobs settled in a second; the first batch, which prepares the statements, does not count.
    private func rate(_ settleBatch: () async throws -> Int) async throws -> Double {
        var settled = try await settleBatch()
        let duration = try await ContinuousClock().measure {
            while settled < count { settled += try await settleBatch() }
        }
        guard settled == count else { throw BenchmarkFailure("\(settled) of \(count) jobs were settled") }
        return Double(count - batch) / duration.inSeconds
    }

    /// A store of a thousand jobs more than are run, so that the last claim finds a queue like the first.
    private func store() async throws -> (path: String, worker: WorkerID) {
        let path = scratch.file("jobs.db")
        let jobs = try await RepositoryFactory(store: .file(path)).jobQueueRepository()
        let payload = try JSONText(#"{"recording":"/recordings/2026/hearing-17.flac","language":"en","chunk":30}"#)
        for _ in 0..<(count / 1_000 + 2) {
            _ = try await jobs.enqueue((0..<1_000).map { _ in JobRequest(Self.type, payload: payload) })
        }
        let worker = WorkerID.make(at: SystemWallClock().now())
        try await jobs.register(worker, process: nil, leasedFor: .seconds(3_600))
        return (path, worker)
    }
}
