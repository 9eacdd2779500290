import Foundation
import MillraceCore
import TestServers

@testable import MillracePostgres

/// A store with so many rows that its indexes are worth their while, and statistics about them.
final class IndexedStore: Sendable {
    /// What is open while the store is.
    struct Repositories: Sendable {
        let jobs: PostgresJobQueueRepository
        let processings: PostgresProcessingRepository
        let transcripts: PostgresTranscriptRepository
        let cache: PostgresCacheStore
        let metrics: PostgresMetricsRepository
    }

    let schema: TestSchema
    let engine: EngineIdentity
    /// A processing of ten chunks, none of which was claimed.
    let processor: ParallelProcessor
    let worker = WorkerID.make(at: Timestamp(microseconds: 1))
    let cacheHolder = CacheID.make(at: Timestamp(microseconds: 3))
    /// When the samples of metrics were taken.
    let sampleTimes: TimeRange
    let deadWorker = WorkerID.make(at: Timestamp(microseconds: 2))

    private struct Unusable: Error {}

    static func with(_ body: (IndexedStore) async throws -> Void) async throws {
        let store = try IndexedStore(try await PostgresServer.shared.freshSchema())
        try await store.open { try await store.fill($0) }
        try await body(store)
        try await store.schema.drop()
    }

    private init(_ schema: TestSchema) throws {
        self.schema = schema
        guard let engine = EngineIdentity(description: "ear") else { throw Unusable() }
        self.engine = engine
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        sampleTimes = try TimeRange(from: now - .seconds(60), to: now + .seconds(60), step: .seconds(60))
        let length = Int64(SampleRange.sampleRate)
        let hash = ContentHash(of: Data("meeting".utf8))
        processor = try ParallelProcessor(
            id: ProcessingID.make(at: now), transcriptID: TranscriptID.make(at: now),
            source: RecordingSource(path: "/meeting.flac", hash: hash, sampleCount: length * 10),
            recipe: Recipe(engine: engine, language: "en"),
            chunks: (0..<10).map {
                (ChunkID.make(at: now), try SampleRange(start: Int64($0) * length, end: Int64($0 + 1) * length))
            }, at: now)
    }

    /// Opens the store, and closes it again so that its sessions end.
    func open<Value>(_ body: (Repositories) async throws -> Value) async throws -> Value {
        let store = try await PostgresStore(try PostgresConfiguration(schema.url))
        let repositories = Repositories(
            jobs: PostgresJobQueueRepository(store), processings: PostgresProcessingRepository(store),
            transcripts: PostgresTranscriptRepository(store), cache: PostgresCacheStore(store),
            metrics: PostgresMetricsRepository(store))
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(repositories))
        } catch {
            result = .failure(error)
        }
        await store.close()
        return try result.get()
    }

    /// How often an index was scanned.
    func scans(of index: String) async throws -> Int {
        let text = try await schema.server.psql(
            """
            SELECT idx_scan FROM pg_stat_user_indexes
            WHERE schemaname = '\(schema.name)' AND indexrelname = '\(index)'
            """)
        return Int(text) ?? -1
    }

    /// A transcript by the word that stands in its text.
    func transcript(_ word: String) async throws -> TranscriptID {
        let text = try await schema.server.psql(
            "SELECT id FROM \(schema.name).transcripts WHERE text = '\(word)' LIMIT 1")
        guard let id = UUID(uuidString: text) else { throw Unusable() }
        return TranscriptID(id)
    }

    private func fill(_ repositories: Repositories) async throws {
        let transcript = Transcript(
            id: processor.transcriptID, source: "/meeting.flac", hash: processor.source.hash, durationSeconds: 10,
            chunkCount: 10, at: processor.createdAt)
        try await repositories.processings.start(processor, transcript: transcript)
        try await repositories.jobs.register(worker, process: nil, leasedFor: .seconds(3_600))
        try await schema.server.psql(Self.rows(dead: "\(deadWorker)").replacing("{schema}", with: schema.name))
    }

    /// Two thousand more processings like the first, most of them ended, twenty thousand jobs, five thousand values.
    private static func rows(dead: String) -> String {
        """
        CREATE TEMP TABLE run AS
        SELECT n, {schema}.make_id(now()) AS transcript, {schema}.make_id(now()) AS processing
        FROM generate_series(1, 2000) n;

        INSERT INTO {schema}.transcripts
        SELECT transcript, source, md5('a' || n) || md5('b' || n), duration_seconds, 'COMPLETED', language,
               CASE n WHEN 6 THEN 'job' WHEN 2 THEN 'awaited' ELSE '' END, segments, total_chunks, completed_chunks,
               failed_chunks, cached_chunks, created_at, now(), now()
        FROM run CROSS JOIN {schema}.transcripts;

        INSERT INTO {schema}.processing_tasks (
            id, transcript_id, created_at, updated_at, total_chunks, next_chunk, status, run_key, queue_name, engine,
            source, recipe
        )
        SELECT processing, transcript, now(), now(), 10, CASE WHEN n <= 1990 THEN 10 ELSE 5 END,
               CASE WHEN n <= 5 THEN 'FAILED' WHEN n <= 1990 THEN 'COMPLETED' ELSE 'PROCESSING' END,
               md5('c' || n) || md5('d' || n), queue_name, engine, source, recipe
        FROM run CROSS JOIN {schema}.processing_tasks;

        INSERT INTO {schema}.chunk_tasks (
            id, processing_id, chunk_index, start_sample, end_sample, status, lease_token, retry_count, worker_id, result,
            completed_at, audio
        )
        SELECT {schema}.make_id(now()), processing, index, index * 16000, (index + 1) * 16000,
               CASE WHEN n <= 1990 OR index < 2 THEN 'COMPLETED' WHEN index = 2 AND n <= 1995 THEN 'PROCESSING'
                    ELSE 'PENDING' END,
               CASE WHEN n <= 1990 OR index < 5 THEN 3 ELSE 0 END, CASE WHEN index IN (3, 4) THEN 1 ELSE 0 END,
               CASE WHEN n > 1990 AND n <= 1995 AND index = 2 THEN '\(dead)'::uuid END,
               CASE WHEN n <= 1990 OR index < 2 THEN '{}'::jsonb END, CASE WHEN n <= 1990 OR index < 2 THEN now() END,
               CASE WHEN n > 1990 AND index = 9 THEN 'FLAC'::bytea END
        FROM run CROSS JOIN generate_series(0, 9) index;
        UPDATE {schema}.chunk_tasks SET audio = 'FLAC' WHERE processing_id NOT IN (SELECT processing FROM run);

        INSERT INTO {schema}.processing_jobs (
            id, queue_name, job_type, payload, status, completed_at, worker_id, scheduled_at, unique_key, transcript_id, awaits
        )
        SELECT {schema}.make_id(now()), 'default', CASE WHEN n % 100 = 0 AND n <= 2000 THEN 'due' ELSE 'a' END, '{}', status,
               CASE WHEN status IN ('COMPLETED', 'FAILED') THEN now() END,
               CASE status WHEN 'PROCESSING' THEN '\(dead)'::uuid END,
               CASE status WHEN 'SCHEDULED' THEN
                    CASE WHEN n % 100 = 0 AND n <= 2000 THEN now() - interval '1 minute' ELSE now() + interval '1 day' END
               END,
               CASE WHEN n > 3000 AND n <= 3200 THEN 'key ' || n - 3000 END,
               CASE WHEN n > 5000 AND n <= 6000 THEN (SELECT transcript FROM run WHERE run.n = jobs.n - 5000) END,
               CASE WHEN n > 2000 AND n <= 2500 THEN (SELECT transcript FROM run WHERE run.n = jobs.n - 1999) END
        FROM (
            SELECT n, CASE WHEN n <= 2500 THEN 'SCHEDULED' WHEN n <= 5000 THEN 'QUEUED' WHEN n <= 5100 THEN 'PROCESSING'
                           WHEN n <= 5200 THEN 'FAILED' ELSE 'COMPLETED' END AS status
            FROM generate_series(1, 20000) n
        ) jobs;

        INSERT INTO {schema}.cache_entries (
            cache_key, version, created_at, expires_at, accessed_at, bytes, codec, value
        )
        SELECT 'key ' || n, n, now(), now() + CASE WHEN n <= 10 THEN interval '-1 s' ELSE interval '1 day' END,
               now() - n * interval '1 s', 100, 0, decode(repeat('00', 100), 'hex')
        FROM generate_series(1, 5000) n;

        INSERT INTO {schema}.metrics (timestamp, metric_value, metric_name, tags)
        SELECT timestamptz 'epoch' + 1700000000 * interval '1 s', n, 'metric_' || n / 200,
               jsonb_build_object('host', (n % 200)::text)
        FROM generate_series(0, 19999) n;

        VACUUM ANALYZE {schema}.metrics, {schema}.transcripts, {schema}.processing_tasks, {schema}.chunk_tasks, {schema}.processing_jobs,
            {schema}.cache_entries;
        """
    }
}
