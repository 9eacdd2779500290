internal import ArgumentParser
internal import Foundation
internal import MillraceCore
internal import MillracePostgres
internal import MillraceTesting

/// `fan-in-worker`: a process to be killed, whose tasks claim chunks and settle them as fast as they can.
struct FanInWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fan-in-worker", abstract: "The worker of `fan-in`, to be killed.")

    static let engine = EngineIdentity(known: "ear")
    private static let lease = Duration.seconds(5)

    @Option(help: "The store.")
    var store: String

    @Option(help: "How many tasks claim and settle side by side.")
    var tasks = 4

    func run() async throws {
        let store = try await PostgresStore(
            PostgresConfiguration(store), options: .init(pool: .init(size: tasks + 2, maxOverflow: 0)))
        let jobs = PostgresJobQueueRepository(store)
        let processings = PostgresProcessingRepository(store)
        let worker = WorkerID.make(at: SystemWallClock().now())
        try await jobs.register(worker, process: nil, leasedFor: Self.lease)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    guard try await jobs.renew(worker, leasedFor: Self.lease) else { throw ExitCode.failure }
                    try await Task.sleep(for: .milliseconds(300))
                }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(500))
                    _ = try await processings.rescue()
                }
            }
            for number in 0..<tasks {
                group.addTask { try await Self.work(processings, worker, SeededGenerator(seed: UInt64(number))) }
            }
            try await group.waitForAll()
        }
    }

    /// Claims and settles in batches of any size, some of them twice, with outcomes of all kinds.
    private static func work(
        _ processings: PostgresProcessingRepository, _ worker: WorkerID, _ seeded: SeededGenerator
    ) async throws {
        var generator = seeded
        let scope = ChunkScope(engines: [engine])
        while true {
            let limit = Int.random(in: 1...200, using: &generator)
            let chunks = try await processings.claim(upTo: limit, from: scope, by: worker)
            guard !chunks.isEmpty else {
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            let batch = chunks.map { ChunkSettlement($0.task, outcome(using: &generator)) }
            for _ in 0..<(Int.random(in: 0..<8, using: &generator) == 0 ? 2 : 1) {
                _ = try await processings.settle(batch)
            }
        }
    }

    private static func outcome(using generator: inout SeededGenerator) -> ChunkSettlement.Outcome {
        switch Int.random(in: 0..<40, using: &generator) {
        case 0: .failed(error: "noise")
        case 1: .retry(at: SystemWallClock().now(), error: "busy")
        case 2: .released
        default:
            .completed(
                ChunkResult(segments: [Segment(start: 0, end: 0.5, text: "word")], language: "en"), isFromCache: false)
        }
    }
}
