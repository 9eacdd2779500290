import MillraceCore
import MillraceTesting
import TestServers

@testable import MillracePostgres

extension TemporaryPostgres {
    /// Adds a run of two chunks with a job that has ended, past the adapters. All of it was an hour ago.
    func addRun(_ status: ProcessingStatus, named name: String) async throws -> TranscriptID {
        let id: TranscriptID = store.makeID(at: clock.now())
        let isOpen = [.pending, .processing, .merging].contains(status)
        let transcript = isOpen ? "PROCESSING" : status.rawValue
        let then = "timestamptz 'epoch' + \((clock.now() - .seconds(3_600)).microseconds) * interval '1 microsecond'"
        let end = isOpen ? "NULL" : then
        try await psql(
            """
            INSERT INTO {schema}.transcripts
            VALUES ('\(id)', '/\(name).wav', '\(name)', 1, '\(transcript)', NULL, '', '[]', 2, 0, 0, 0, \(then), \(end),
                    \(then));
            INSERT INTO {schema}.processing_tasks (
                id, transcript_id, created_at, updated_at, completed_at, total_chunks, run_key, queue_name, engine,
                source, recipe, status
            )
            VALUES ({schema}.make_id(\(then)), '\(id)', \(then), \(then), \(end), 2, '\(name)', 'default', 'ear', '{}',
                    '{}', '\(status.rawValue)');
            INSERT INTO {schema}.chunk_tasks (
                id, processing_id, chunk_index, start_sample, end_sample, status, completed_at, error_message, cache_key
            )
            SELECT {schema}.make_id(\(then)), id, number, number, number + 1, 'FAILED', \(then), 'no', '\(name):' || number
            FROM {schema}.processing_tasks, generate_series(0, 1) AS number WHERE transcript_id = '\(id)';
            INSERT INTO {schema}.processing_jobs (
                id, queue_name, transcript_id, job_type, payload, status, created_at, updated_at, completed_at
            )
            VALUES ({schema}.make_id(\(then)), 'default', '\(id)', 'merge', '{}', 'FAILED', \(then), \(then), \(then));
            INSERT INTO {schema}.cache_entries
                (cache_key, value, codec, bytes, version, created_at, expires_at, accessed_at)
            SELECT '\(name):' || number, 'x', 0, 1, 0, \(then), 'infinity', \(then) FROM generate_series(0, 1) AS number;
            """)
        return id
    }

    /// Lets an open job wait for a transcript.
    func awaitByJob(_ transcript: TranscriptID) -> String {
        """
        INSERT INTO \(store.schema).processing_jobs (id, queue_name, job_type, payload, status, awaits)
        SELECT \(store.schema).make_id(now()), 'default', 'waiting', '{}', 'SCHEDULED', id
        FROM \(store.schema).transcripts WHERE id = '\(transcript)'
        """
    }

    /// The statuses of the processings that are there, by the names of their runs.
    func runs() async throws -> [String] {
        try await psql("SELECT run_key FROM {schema}.processing_tasks ORDER BY run_key").split(separator: "\n")
            .map(String.init)
    }

    /// How many statements wait for rows of the store.
    func waiting() async throws -> Int {
        let count = try await psql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%\"{schema}\"%'")
        return Int(count) ?? 0
    }

    /// Whether a statement waits for a row that another transaction holds.
    func isWaitedForRows() async throws -> Bool {
        let waiting = try await psql(
            """
            SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%"{schema}"%FOR UPDATE%'
            """)
        return waiting != "0"
    }
}
