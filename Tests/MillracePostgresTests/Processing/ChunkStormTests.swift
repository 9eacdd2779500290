import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

/// Whoever writes chunks holds their processings first, in one order: nobody ever waits in a circle.
@Suite("Everything that is done to processings at once")
struct ChunkStormTests {
    @Test("never deadlocks, and leaves nothing wrong")
    func storm() async throws {
        // A server of its own, because it counts deadlocks for all that use it.
        try await PostgresServer.with { server in
            try await ChunkFleet.with(4, on: server.freshSchema()) { fleet in
                for number in 0..<6 { try await fleet.start("\(number)", chunks: 40) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<16 { group.addTask { try await Self.rage(fleet, number) } }
                    try await group.waitForAll()
                }
                let deadlocks = try await server.psql(
                    "SELECT pg_stat_force_next_flush(); SELECT deadlocks FROM pg_stat_database WHERE datname = 'millrace'"
                )
                #expect(
                    deadlocks.split(separator: "\n").last == "0",
                    "the deadlocks that were found (seed \(TestSeed.value))")
                #expect(try await fleet.lostChunks() == 0, "chunks that no claim would find (seed \(TestSeed.value))")
                #expect(try await fleet.processings[0].sweep() == [], "what is left to mend (seed \(TestSeed.value))")
            }
        }
    }

    private static func rage(_ fleet: ChunkFleet, _ number: Int) async throws {
        var generator = SeededGenerator(seed: TestSeed.value &+ UInt64(number))
        let repository = fleet.processings[number % 4]
        let transcripts = PostgresTranscriptRepository(fleet.stores[number % 4])
        var held: [ChunkTask] = []
        var worker = try await fleet.hire(in: fleet.stores[number % 4])
        for _ in 0..<60 {
            do {
                let rows = try await repository.rows(matching: ProcessingFilter(), before: nil, limit: 100)
                let any = rows.randomElement(using: &generator)
                switch Int.random(in: 0..<20, using: &generator) {
                case 0..<6:
                    held += try await repository.claim(
                        upTo: Int.random(in: 1...40, using: &generator), from: ChunkScope(engines: [.ear]), by: worker
                    ).map(\.task)
                case 6..<12:
                    let batch = held.shuffled(using: &generator).map { ChunkSettlement($0, .done) }
                    _ = try await repository.settle(batch)
                    if Bool.random(using: &generator) { held = [] }
                case 12:
                    try await fleet.bury(worker, in: fleet.stores[number % 4])
                    worker = try await fleet.hire(in: fleet.stores[number % 4])
                case 13: _ = try await repository.rescue(maxCrashes: 2)
                case 14:
                    guard let any, var loaded = try await repository.load(any.id) else { continue }
                    if loaded.status.isFinal {
                        try loaded.resume(at: SystemWallClock().now())
                    } else {
                        try loaded.cancel(at: SystemWallClock().now())
                    }
                    try await repository.save(loaded)
                case 15: if let any { try await repository.delete(any.id) }
                case 16: if let any { try await transcripts.delete(any.transcriptID, force: true) }
                case 17:
                    let sounds = held.shuffled(using: &generator).map { ($0.id, [UInt8(1)]) }
                    try await repository.storeAudio(Dictionary(sounds) { first, _ in first })
                case 18: _ = try await repository.sweep()
                default: try await fleet.start("\(Int.random(in: 0..<12, using: &generator))", chunks: 40)
                }
            } catch let error as StoreError where [.conflict, .notFound, .illegalMove].contains(error.code) {
                continue
            }
        }
    }
}

extension ChunkFleet {
    /// Chunks of open processings that wait and that are neither behind the place of claims nor in the index of those that
    /// came back.
    func lostChunks() async throws -> Int {
        try await stores[0].rows(
            """
            SELECT count(*) FROM \(stores[0].schema).processing_tasks AS task
            JOIN \(stores[0].schema).chunk_tasks AS chunk ON chunk.processing_id = task.id
            WHERE task.status IN ('PENDING', 'PROCESSING') AND chunk.status = 'PENDING'
              AND chunk.chunk_index < task.next_chunk AND chunk.due_at IS NULL
            """
        ) { try $0.value(Int.self) }[0]
    }
}
