import Foundation
import MillraceCore
import MillraceTesting
import TestServers

@testable import MillracePostgres

/// Several stores on one schema, as several processes would have, by the server's own clock.
struct ChunkFleet: Sendable {
    let schema: TestSchema
    let stores: [PostgresStore]
    let processings: [PostgresProcessingRepository]

    /// Opens stores, and closes them afterwards.
    static func with<Value: Sendable>(
        _ count: Int, on schema: TestSchema, _ body: (ChunkFleet) async throws -> Value
    ) async throws -> Value {
        var stores: [PostgresStore] = []
        for _ in 0..<count {
            stores.append(
                try await PostgresStore(
                    PostgresConfiguration(schema.url),
                    options: .init(pool: .init(size: 4, maxOverflow: 0, timeout: .seconds(300)))))
        }
        let fleet = ChunkFleet(
            schema: schema, stores: stores, processings: stores.map { PostgresProcessingRepository($0) })
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(fleet))
        } catch {
            result = .failure(error)
        }
        for store in stores { await store.close() }
        return try result.get()
    }

    /// Starts a run of a recording.
    @discardableResult
    func start(_ recording: String, chunks: Int) async throws -> ParallelProcessor {
        let now = SystemWallClock().now()
        let hash = ContentHash(of: Data(recording.utf8))
        let source = RecordingSource(path: "/\(recording).flac", hash: hash, sampleCount: Int64(chunks) * 16_000)
        let transcript = Transcript(
            id: .make(at: now), source: source.path, hash: hash, durationSeconds: source.durationSeconds,
            chunkCount: chunks, at: now)
        let processor = try ParallelProcessor(
            id: .make(at: now), transcriptID: transcript.id, source: source, recipe: Recipe(engine: .ear),
            chunks: (0..<chunks).map { index in
                (.make(at: now), SampleRange(uncheckedStart: Int64(index) * 16_000, end: Int64(index + 1) * 16_000))
            }, at: now)
        try await processings[0].start(processor, transcript: transcript)
        return processor
    }

    /// Makes a worker known for an hour.
    func hire(in store: PostgresStore) async throws -> WorkerID {
        let id: WorkerID = store.makeID()
        try await store.execute(
            """
            INSERT INTO \(store.schema).workers (id, created_at, lease_until)
            VALUES ($1, now(), now() + interval '1 hour')
            """, [.id(id)])
        return id
    }

    /// Ends a worker's lease, whatever it holds.
    func bury(_ worker: WorkerID, in store: PostgresStore) async throws {
        try await store.execute(
            "UPDATE \(store.schema).workers SET lease_until = now() WHERE id = $1", [.id(worker)])
    }

    /// What is wrong with processings whose chunks have all ended: how many there are whose row is not what the chunks
    /// say, how many have not exactly one merge.
    func faults() async throws -> (miscounted: Int, unmerged: Int) {
        let counts = try await stores[0].rows(
            """
            WITH truth AS (
                SELECT processing_id AS id, count(*) FILTER (WHERE status = 'COMPLETED') AS completed,
                       count(*) FILTER (WHERE status = 'FAILED') AS failed
                FROM \(stores[0].schema).chunk_tasks GROUP BY processing_id
            )
            SELECT count(*) FILTER (
                       WHERE task.status <> 'MERGING' OR task.completed_chunks <> truth.completed
                          OR task.failed_chunks <> truth.failed OR truth.completed + truth.failed <> task.total_chunks
                   ),
                   count(*) FILTER (WHERE 1 <> (
                       SELECT count(*) FROM \(stores[0].schema).processing_jobs AS job
                       WHERE job.job_type = 'merge' AND job.transcript_id = task.transcript_id
                   ))
            FROM \(stores[0].schema).processing_tasks AS task JOIN truth ON truth.id = task.id
            """
        ) { (miscounted: try $0.value(Int.self), unmerged: try $0.value(Int.self)) }
        return counts[0]
    }
}
