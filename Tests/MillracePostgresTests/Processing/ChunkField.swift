import MillraceCore
import MillraceTesting
import TestServers

@testable import MillracePostgres

/// Many chunks in a store, put there past the adapters.
struct ChunkField {
    let temporary: TemporaryPostgres
    let processings: PostgresProcessingRepository

    /// Fills a store with as many processings of as many chunks. Its statistics are those of ten chunks, as in a store
    /// that has grown faster than they are made, and they stay so.
    init(_ temporary: TemporaryPostgres, processings count: Int, chunks: Int) async throws {
        self.temporary = temporary
        processings = PostgresProcessingRepository(temporary.store)
        try await run(
            """
            ALTER TABLE {schema}.chunk_tasks SET (autovacuum_enabled = false);
            ALTER TABLE {schema}.processing_tasks SET (autovacuum_enabled = false);
            \(Self.runs(2, chunks: 5, named: "old"))
            UPDATE {schema}.processing_tasks SET status = 'COMPLETED', next_chunk = 5;
            UPDATE {schema}.chunk_tasks SET status = 'COMPLETED', result = '{"segments": []}', lease_token = 2;
            ANALYZE {schema}.processing_tasks, {schema}.chunk_tasks;
            \(Self.runs(count, chunks: chunks, named: "new"))
            """)
    }

    /// Runs SQL as the superuser, by whom the foreign keys need not be checked a million times.
    @discardableResult
    func run(_ sql: String) async throws -> String {
        let schema = temporary.schema
        return try await schema.server.psql(
            "SET session_replication_role = replica; " + sql.replacing("{schema}", with: schema.name),
            user: "postgres")
    }

    /// A worker with a lease.
    func worker() async throws -> WorkerID {
        let id = WorkerID.make(at: temporary.clock.now())
        try await run(
            """
            INSERT INTO {schema}.workers (id, created_at, lease_until)
            VALUES ('\(id)', now(), '\(Self.future)'::timestamptz)
            """)
        return id
    }

    /// Ends the lease of a worker.
    func bury(_ worker: WorkerID) async throws {
        try await run("UPDATE {schema}.workers SET lease_until = '-infinity' WHERE id = '\(worker)'")
    }

    private static let future = "infinity"

    private static func runs(_ count: Int, chunks: Int, named name: String) -> String {
        """
        INSERT INTO {schema}.transcripts
        SELECT {schema}.make_id(now()), '/\(name).flac', '\(name)' || number, 1, 'PROCESSING', NULL, '', '[]', \(chunks),
               0, 0, 0, now(), NULL, now()
        FROM generate_series(1, \(count)) AS number;
        INSERT INTO {schema}.processing_tasks (
            id, transcript_id, created_at, updated_at, total_chunks, run_key, queue_name, engine, source, recipe
        )
        SELECT {schema}.make_id(now()), id, now(), now(), \(chunks), content_hash, 'default', 'ear',
               '{"path": "/\(name).flac", "hash": "\(String(repeating: "0", count: 64))", "sampleCount": 1000}',
               '{"engine": {"kind": "ear"}, "options": {}, "usesCache": true, "failurePolicy": "partial",
                 "chunking": {"targetSeconds": 30, "maximumSeconds": 60}}'
        FROM {schema}.transcripts WHERE source = '/\(name).flac';
        INSERT INTO {schema}.chunk_tasks (id, processing_id, chunk_index, start_sample, end_sample)
        SELECT {schema}.make_id(now()), task.id, number, number * 480000::bigint, (number + 1) * 480000::bigint
        FROM {schema}.processing_tasks AS task CROSS JOIN generate_series(0, \(chunks) - 1) AS number
        WHERE task.run_key LIKE '\(name)%';
        """
    }
}
