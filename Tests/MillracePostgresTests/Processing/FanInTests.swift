import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillracePostgres

/// However many settle at once, from several processes, with workers dying: each processing is merged once, and its
/// counters are exact. `script/soak fan-in` does the same with more chunks and with processes that are killed.
@Suite("The chunks of processings come together")
struct FanInTests {
    struct Shape: CustomStringConvertible, Sendable {
        let processings: Int
        let chunks: Int

        var description: String { "\(processings) of \(chunks) chunks" }
    }

    static let shapes = [
        Shape(processings: 1, chunks: 5_000), Shape(processings: 10, chunks: 500),
        Shape(processings: 100, chunks: 50),
    ]

    @Test("in one merge each, by 16 tasks over 4 stores", arguments: shapes)
    func exact(shape: Shape) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await ChunkFleet.with(4, on: schema) { fleet in
            for number in 0..<shape.processings { try await fleet.start("\(number)", chunks: shape.chunks) }
            let tally = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<16 {
                    group.addTask { try await work(fleet, number, until: shape.processings, tally) }
                }
                try await group.waitForAll()
            }
            let named = tally.merging
            #expect(named.count == shape.processings, "receipts that name a merge (seed \(TestSeed.value))")
            #expect(Set(named).count == shape.processings, "processings that are merging (seed \(TestSeed.value))")
            let faults = try await fleet.faults()
            #expect(
                faults.miscounted == 0, "processings whose row is not what their chunks say (seed \(TestSeed.value))")
            #expect(faults.unmerged == 0, "processings without exactly one merge (seed \(TestSeed.value))")
            #expect(try await fleet.processings[0].sweep() == [], "what is left to mend (seed \(TestSeed.value))")
        }
        try await schema.drop()
    }

    /// Claims and settles in batches of any size; now and then the worker dies with what it holds, settles twice, or gives
    /// back.
    private func work(_ fleet: ChunkFleet, _ number: Int, until merges: Int, _ tally: Tally) async throws {
        var generator = SeededGenerator(seed: TestSeed.value &+ UInt64(number))
        let (store, repository) = (fleet.stores[number % 4], fleet.processings[number % 4])
        var worker = try await fleet.hire(in: store)
        while tally.merging.count < merges {
            let limit = Int.random(in: 1...100, using: &generator)
            let held = try await repository.claim(upTo: limit, from: ChunkScope(engines: [.ear]), by: worker)
            if Int.random(in: 0..<12, using: &generator) == 0 {
                try await fleet.bury(worker, in: store)
                worker = try await fleet.hire(in: store)
            }
            if held.isEmpty || Int.random(in: 0..<8, using: &generator) == 0 { _ = try await repository.rescue() }
            let batch = held.map { ChunkSettlement($0.task, Self.outcome(using: &generator)) }
                .shuffled(using: &generator)
            for _ in 0..<(Int.random(in: 0..<6, using: &generator) == 0 ? 2 : 1) {
                tally.add(try await repository.settle(batch).merging)
            }
        }
    }

    /// The processings that receipts have named.
    private final class Tally: Sendable {
        private let ids = Mutex<[ProcessingID]>([])

        var merging: [ProcessingID] { ids.withLock { $0 } }

        func add(_ merging: Set<ProcessingID>) {
            ids.withLock { $0 += merging }
        }
    }

    private static func outcome(using generator: inout SeededGenerator) -> ChunkSettlement.Outcome {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: .failed(error: "noise")
        case 1: .retry(at: SystemWallClock().now(), error: "busy")
        case 2: .released
        default: .done
        }
    }
}
