import Foundation
import MillraceCore

/// Processings and chunks for tests.
enum Processings {
    static let engine = EngineIdentity.test
    static let source = RecordingSource(path: "/r/a.wav", hash: ContentHash(of: Data("a".utf8)), sampleCount: 64_000)

    static func range(_ index: Int64, length: Int64 = 16_000) -> SampleRange {
        SampleRange(uncheckedStart: index * length, end: (index + 1) * length)
    }

    static func chunk(
        _ status: ChunkStatus, index: Int = 0, retryCount: Int = 1, maxRetries: Int = 3, result: ChunkResult? = nil,
        isFromCache: Bool = false, id: ChunkID = .make(at: .after(0)), range: SampleRange? = nil
    ) -> ChunkTask {
        ChunkTask(
            id: id, processingID: .make(at: .zero), index: index, range: range ?? Self.range(Int64(index)),
            maxRetries: maxRetries, status: status, retryCount: retryCount, crashes: 2, leaseToken: LeaseToken(7),
            workerID: status == .processing ? Jobs.worker : nil, scheduledAt: nil, startedAt: .after(1),
            completedAt: status.isFinal ? .after(2) : nil, errorMessage: status == .completed ? nil : "earlier",
            result: status == .completed ? result ?? ChunkResult(segments: []) : nil, isFromCache: isFromCache)
    }

    static func plan(_ count: Int = 3, recipe: Recipe = Recipe(engine: engine)) throws -> ParallelProcessor {
        try ParallelProcessor(
            id: .make(at: .after(0)), transcriptID: .make(at: .after(0)), source: source, recipe: recipe,
            chunks: (0..<count).map { (ChunkID.make(at: .after(0)), range(Int64($0))) }, at: .after(0))
    }

    /// A processing as it is loaded, with one chunk for each status given.
    static func loaded(_ status: ProcessingStatus, chunks: [ChunkStatus]) throws -> ParallelProcessor {
        var row = ParallelProcessor.Row(try plan(max(1, chunks.count)))
        row.status = status
        row.completedAt = status.isFinal ? .after(3) : nil
        row.errorMessage = "earlier"
        row.version = 4
        return ParallelProcessor(row, tasks: chunks.enumerated().map { chunk($1, index: $0) })
    }
}

extension EngineIdentity {
    /// An engine that exists in tests only.
    static var test: EngineIdentity {
        do {
            return try EngineIdentity(kind: "test")
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
