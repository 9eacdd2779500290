import Foundation
import Millrace
import MillracePostgres

/// Claimed chunks of several processings, in batches to be flushed: those of one processing for each client.
struct ChunkBatches {
    static let engine = EngineIdentity(known: "bench")
    /// What a chunk of half a minute says.
    static let result = ChunkResult(
        segments: (0..<6).map {
            Segment(
                start: Double($0 * 5), end: Double($0 * 5 + 5),
                text: "the water comes down from the hills and turns the wheel of the mill")
        }, language: "en")

    let processings: PostgresProcessingRepository
    let worker: WorkerID

    /// Starts one processing a client and claims all its chunks.
    ///
    /// - Returns: the settlements of the chunks, by client and batch.
    func make(clients: Int, batches: Int, of size: Int) async throws -> [[[ChunkSettlement]]] {
        var made: [[[ChunkSettlement]]] = []
        for _ in 0..<clients {
            let id = try await start(chunks: batches * size)
            var settlements: [[ChunkSettlement]] = []
            for _ in 0..<batches {
                let scope = ChunkScope(engines: [Self.engine], processings: [id])
                let claimed = try await processings.claim(upTo: size, from: scope, by: worker)
                guard claimed.count == size else { throw BenchmarkFailure("\(claimed.count) chunks were claimed") }
                settlements.append(
                    claimed.map {
                        ChunkSettlement(
                            $0.task.id, token: $0.task.leaseToken, .completed(Self.result, isFromCache: false))
                    })
            }
            made.append(settlements)
        }
        return made
    }

    private func start(chunks count: Int) async throws -> ProcessingID {
        let now = SystemWallClock().now()
        let length = Int64(30 * SampleRange.sampleRate)
        // Another for each, or they would be one run.
        let hash = ContentHash(ofParts: [UUID().uuidString])
        let source = RecordingSource(
            path: "/recordings/2026/hearing-17.flac", hash: hash, sampleCount: length * Int64(count))
        let chunks = try (0..<Int64(count)).map {
            (id: ChunkID.make(at: now), range: try SampleRange(start: $0 * length, end: ($0 + 1) * length))
        }
        let processor = try ParallelProcessor(
            id: .make(at: now), transcriptID: .make(at: now), source: source, recipe: Recipe(engine: Self.engine),
            chunks: chunks, at: now)
        let transcript = Transcript(
            id: processor.transcriptID, source: source.path, hash: hash, durationSeconds: source.durationSeconds,
            chunkCount: count, at: now)
        try await processings.start(processor, transcript: transcript, for: nil)
        return processor.id
    }
}
