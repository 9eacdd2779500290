internal import GRDB
internal import MillraceCore

extension StoreRule {
    /// What is checked of the rows of a store, in the order in which it is mended.
    static let all = [
        identity, cacheVersion, jobValues, processingValues, chunkValues, transcriptValues, metricValues,
        chunksWithoutProcessing,
        processingsWithoutTranscript, jobsWithoutTranscript,
        jobCounts, plans, counters, unmerged, deadMerges, endedWithOpenChunks, transcriptsOfNothing, contradictions,
    ]

    private static let identity = StoreRule(
        .state,
        """
        SELECT 'the store', 'has lost its identity'
        WHERE NOT EXISTS (SELECT 1 FROM store_state WHERE name = 'store_id' AND length(value) = 32)
        """,
        mendBy: """
            INSERT OR REPLACE INTO store_state SELECT 'store_id', lower(hex(randomblob(16)))
            WHERE NOT EXISTS (SELECT 1 FROM store_state WHERE name = 'store_id' AND length(value) = 32)
            """)

    /// A version that comes again would be taken for one that others have seen.
    private static let cacheVersion = StoreRule(
        .state,
        find: { db in
            let used = try greatestVersion(in: db)
            let last = try db.rows(
                "SELECT CAST(value AS INTEGER) FROM store_state WHERE name = 'cache_version'", []
            ) { try $0.value(Int64.self) }
            return last.first ?? -1 < used ? [("the sequence of the cache", "lags behind what was written")] : []
        },
        mend: { _, db, _ in
            // It may have gone on since it was looked at, and never goes back.
            try db.run(
                """
                INSERT INTO store_state VALUES ('cache_version', CAST(? AS TEXT))
                ON CONFLICT (name) DO UPDATE SET value = excluded.value
                    WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)
                """, [greatestVersion(in: db)])
        })

    private static func greatestVersion(in db: Database) throws -> Int64 {
        let tables = try ["cache_entries", "cache_changes", "cache_rules"].filter { try db.tableExists($0) }
        return try tables.map { table in
            try db.rows("SELECT coalesce(max(version), 0) FROM \(table)", []) { try $0.value(Int64.self) }[0]
        }
        .max() ?? 0
    }

    private static let jobValues = unreadable("processing_jobs", "job", json: ["payload", "result"])
    private static let processingValues = unreadable("processing_tasks", "processing", json: ["source", "recipe"])
    private static let chunkValues = unreadable("chunk_tasks", "chunk", json: ["result"])
    private static let transcriptValues = unreadable("transcripts", "transcript", json: ["segments"])

    private static let metricValues = StoreRule(
        .value,
        find: { db in
            // Stores of older versions have none.
            guard try db.tableExists("metrics") else { return [] }
            return try db.rows(
                """
                SELECT 'sample ' || id, 'holds what cannot be read; restore a backup' FROM metrics
                WHERE NOT json_valid(tags)
                UNION ALL
                SELECT 'collector ' || id, 'holds what cannot be read; restore a backup' FROM metric_collectors
                WHERE NOT json_valid(definitions)
                LIMIT 101
                """, []
            ) { (subject: try $0.value(), message: try $0.value()) }
        })

    private static func unreadable(_ table: String, _ name: String, json columns: [String]) -> StoreRule {
        let broken = columns.map { "\($0) IS NOT NULL AND NOT json_valid(\($0))" }.joined(separator: " OR ")
        return StoreRule(
            .value,
            """
            SELECT '\(name) ' || id, 'holds what cannot be read; restore a backup' FROM \(table)
            WHERE \(broken) OR id NOT GLOB '????????-????-????-????-????????????'
            """)
    }

    private static let chunksWithoutProcessing = StoreRule(
        .orphan,
        """
        SELECT 'processing ' || processing_id,
               'does not exist but has ' || count(*) || ' chunks; restore a backup, or let store prune remove them'
        FROM chunk_tasks
        WHERE processing_id NOT IN (SELECT id FROM processing_tasks)
        GROUP BY processing_id
        """)

    private static let processingsWithoutTranscript = StoreRule(
        .orphan,
        """
        SELECT 'processing ' || id,
               'writes transcript ' || transcript_id || ', which does not exist; restore a backup, '
                   || 'or let store prune remove it'
        FROM processing_tasks
        WHERE transcript_id NOT IN (SELECT id FROM transcripts)
        """)

    private static let jobsWithoutTranscript = StoreRule(
        .orphan,
        """
        SELECT 'job ' || id,
               'is for transcript ' || transcript_id || ', which does not exist; restore a backup, or cancel it '
                   || 'and let store prune remove it'
        FROM processing_jobs
        WHERE transcript_id IS NOT NULL AND transcript_id NOT IN (SELECT id FROM transcripts)
        """)

    /// What the triggers keep, for lists that must not count.
    private static let jobCounts = StoreRule(
        .counters,
        find: { db in
            guard try db.tableExists("job_counts") else { return [] }
            return try db.rows(
                """
                SELECT DISTINCT queue_name FROM (
                    SELECT * FROM (SELECT * FROM job_counts WHERE jobs <> 0 EXCEPT \(countedJobs))
                    UNION ALL
                    SELECT * FROM (\(countedJobs) EXCEPT SELECT * FROM job_counts)
                )
                """, []
            ) { try $0.value(String.self) }
            .map { ("queue \($0)", "does not count its jobs as they are") }
        },
        mend: { _, db, _ in
            try db.execute(sql: "DELETE FROM job_counts; INSERT INTO job_counts \(countedJobs)")
        })

    private static let countedJobs = """
        SELECT queue_name, status, job_type, count(*) FROM processing_jobs GROUP BY queue_name, status, job_type
        """

    private static let plans = StoreRule(
        .plan,
        """
        SELECT 'processing ' || task.id,
               'has ' || count(chunk.id) || ' of the ' || total_chunks || ' chunks of its plan; restore a backup, '
                   || 'or delete transcript ' || transcript_id || ' and transcribe again'
        FROM processing_tasks task LEFT JOIN chunk_tasks chunk ON chunk.processing_id = task.id
        WHERE task.status NOT IN ('COMPLETED', 'CANCELLED')
        GROUP BY task.id
        HAVING count(chunk.id) <> total_chunks OR max(chunk.chunk_index) <> total_chunks - 1
        """)

    private static let counters = StoreRule(
        .counters,
        find: { db in
            try ProcessingSweep.wrong(.all, in: db).map {
                ("processing \($0)", "has counters or a status other than its chunks say")
            }
        }, mend: sweep)

    private static let unmerged = StoreRule(
        .merge,
        find: { db in
            try ProcessingSweep.unmerged(in: db).map { ("processing \($0.id)", "waits for a merge that nobody queued") }
        }, mend: sweep)

    private static let deadMerges = StoreRule(
        .merge,
        find: { db in
            try ProcessingSweep.deadMerges(in: db).map {
                ("processing \($0.id)", "waits for a merge that has ended: \($0.reason)")
            }
        }, mend: sweep)

    /// What a worker does now and then, and for processings that have ended as well.
    @Sendable private static func sweep(_ store: SQLiteStore, _ db: Database, _ now: Timestamp) throws {
        _ = try ProcessingSweep(store: store).mend(.all, in: db, at: now)
    }

    private static let endedWithOpenChunks = StoreRule(
        .status,
        """
        SELECT 'processing ' || task.id,
               'is ' || task.status || ' while ' || count(*) || ' of its chunks are not; restore a backup, '
                   || 'or delete transcript ' || transcript_id || ' and transcribe again'
        FROM processing_tasks task JOIN chunk_tasks chunk ON chunk.processing_id = task.id
        WHERE task.status IN ('COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')
          AND chunk.status IN ('PENDING', 'PROCESSING')
        GROUP BY task.id
        """)

    /// As if its processing had been deleted.
    private static let transcriptsOfNothing = StoreRule(
        .status,
        """
        SELECT 'transcript ' || id, 'is being made, but by no processing'
        FROM transcripts
        WHERE status = 'PROCESSING' AND id NOT IN (SELECT transcript_id FROM processing_tasks)
        """,
        mendBy: """
            UPDATE transcripts SET status = 'CANCELLED', completed_at = :now, updated_at = :now
            WHERE status = 'PROCESSING' AND id NOT IN (SELECT transcript_id FROM processing_tasks)
            """)

    private static let contradictions = StoreRule(
        .status,
        """
        SELECT 'transcript ' || transcripts.id,
               'is ' || transcripts.status || ', but its processing is ' || task.status || '; restore a backup, '
                   || 'or delete it and transcribe again'
        FROM processing_tasks task JOIN transcripts ON transcripts.id = task.transcript_id
        WHERE transcripts.status <> CASE
            WHEN task.status IN ('PENDING', 'PROCESSING', 'MERGING') THEN 'PROCESSING'
            ELSE task.status
        END
        """)
}
