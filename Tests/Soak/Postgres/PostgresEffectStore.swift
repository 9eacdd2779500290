internal import Foundation
internal import MillraceCore
internal import MillracePostgres
internal import MillraceRedis

/// The effects of jobs in a PostgreSQL database.
struct PostgresEffectStore: EffectStore {
    let store: PostgresStore
    private let queue: PostgresJobQueueRepository
    private let table: String
    private let hints: (queue: RedisReadyQueue, client: RedisClient)?

    init(_ store: PostgresStore) {
        self.store = store
        queue = PostgresJobQueueRepository(store)
        table = Self.table(of: store)
        hints = nil
    }

    /// Jobs are claimed by hints in Redis.
    init(_ store: PostgresStore, hints client: RedisClient, storeID: String) {
        self.store = store
        queue = PostgresJobQueueRepository(store)
        table = Self.table(of: store)
        hints = (RedisReadyQueue(queue, storeID: storeID, client: client), client)
    }

    private static func table(of store: PostgresStore) -> String {
        "\"\(store.pool.configuration.schema)\".soak_effects"
    }

    var jobs: any JobQueueRepository { hints?.queue ?? queue }
    var processings: any ProcessingRepository { PostgresProcessingRepository(store) }
    var transcripts: any TranscriptRepository { PostgresTranscriptRepository(store) }
    var cache: any CacheStore { PostgresCacheStore(store) }

    func prepare() async throws {
        try await store.transaction { connection in
            // Two that make one table at the same time are an error.
            try await connection.query("SELECT pg_advisory_xact_lock(hashtext($1::text))", [.text(table)])
            try await connection.execute(
                """
                CREATE TABLE IF NOT EXISTS \(table) (
                    job_id uuid NOT NULL,
                    process_id integer NOT NULL,
                    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
                )
                """)
        }
    }

    func note(_ job: JobID) async throws {
        try await store.transaction { connection in try await note(job, in: connection) }
    }

    func noteAndSettle(_ job: Job) async throws {
        try await store.transaction { connection in
            try await note(job.id, in: connection)
            let lost = try await queue.settle([JobSettlement(job, .completed(result: nil))], in: connection)
            guard lost.isEmpty else { throw EffectHandler.LeaseLost(job: job.id) }
        }
    }

    private func note(_ job: JobID, in connection: PostgresConnection) async throws {
        try await connection.execute(
            "INSERT INTO \(table) (job_id, process_id) VALUES ($1::uuid, $2::integer)",
            [.uuid(job.uuid), .int4(getpid())])
    }

    func counts() async throws -> (effects: Int, jobs: Int) {
        try await store.transaction { connection in
            let rows = try await connection.query("SELECT count(*), count(DISTINCT job_id) FROM \(table)")
            return (try rows[0].value(0), try rows[0].value(1))
        }
    }

    /// The effects from one moment to another.
    func effects(from begin: Timestamp, to end: Timestamp) async throws -> Int {
        try await store.transaction { connection in
            try await connection.query(
                "SELECT count(*) FROM \(table) WHERE written_at BETWEEN $1::timestamptz AND $2::timestamptz",
                [.time(begin), .time(end)])[0].value(0)
        }
    }

    /// The longest time in which nothing was done, up to the last effect.
    func longestPause() async throws -> Duration {
        try await microseconds(
            """
            SELECT max(pause) FROM (
                SELECT written_at - lag(written_at) OVER (ORDER BY written_at) AS pause FROM \(table)
            ) AS pauses
            """)
    }

    /// The longest time that it took from a moment until something was done again.
    func longestPause(after moments: [Timestamp]) async throws -> Duration {
        try await microseconds(
            """
            SELECT max((SELECT min(written_at) FROM \(table) WHERE written_at > moment) - moment)
            FROM unnest($1::timestamptz[]) AS moment
            """, [.times(moments)])
    }

    /// Waits until something was done after a moment, or nothing comes for so long.
    func waitForEffect(after moment: Timestamp, for patience: Duration) async throws {
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end {
            let isThere = try await store.transaction { connection in
                try await connection.query(
                    "SELECT EXISTS (SELECT 1 FROM \(table) WHERE written_at > $1::timestamptz)", [.time(moment)])[0]
                    .value(0, as: Bool.self)
            }
            if isThere { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// For how long jobs had waited when they were claimed: what 50, 99 and 100 of 100 did not exceed.
    func waits() async throws -> [Duration] {
        try await store.transaction { connection in
            let rows = try await connection.query(
                """
                SELECT (extract(epoch FROM percentile_disc(share) WITHIN GROUP (ORDER BY started_at - created_at)) \
                * 1000000)::bigint
                FROM "\(store.pool.configuration.schema)".processing_jobs, unnest(ARRAY[0.5, 0.99, 1]) AS share
                GROUP BY share ORDER BY share
                """)
            return try rows.map { .microseconds(try $0.value(0, as: Int64.self)) }
        }
    }

    private func microseconds(_ interval: String, _ parameters: [PostgresParameter] = []) async throws -> Duration {
        try await store.transaction { connection in
            let rows = try await connection.query(
                "SELECT (extract(epoch FROM (\(interval))) * 1000000)::bigint", parameters)
            return .microseconds(try rows[0].optional(0, as: Int64.self) ?? 0)
        }
    }

    func close() async {
        hints?.queue.close()
        hints?.client.close()
        await store.close()
    }
}
