internal import Foundation
internal import MillraceCore

/// What one process does for all that claim from a store: it writes the floors of claims, and adds up the counts of jobs.
struct JobUpkeep: Sendable {
    /// Another process takes over when the leader was not heard of for so long.
    private static let lease = Duration.seconds(5)

    private let sql: String
    private let holder = UUID().uuidString

    init(schema: String) {
        sql = Self.statement(schema: schema)
    }

    /// Does it, if this process leads or nobody does.
    func run(in store: PostgresStore) async throws(StoreError) {
        _ = try await store.rows(sql, [.text(holder), .microseconds(Self.lease)]) { try $0.value(Int64.self) }
    }

    /// Nobody waits for the disk: what a crash of the server undoes is done again two seconds later.
    ///
    /// The groups are found one by one, each by the place of the last: the index is never read as a whole, but for what
    /// is dead in it.
    private static func statement(schema: String) -> String {
        return """
            WITH RECURSIVE careless AS MATERIALIZED (
                SELECT set_config('synchronous_commit', 'off', true)
            ),
            lead AS (
                INSERT INTO \(schema).leaders AS leader (name, holder, lease_until)
                SELECT 'jobs', $1::text, clock_timestamp() + $2::bigint * interval '1 microsecond' FROM careless
                ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
                WHERE leader.holder = excluded.holder OR leader.lease_until <= clock_timestamp()
                RETURNING name
            ),
            queued AS (
                \(JobRead.queuedGroups(schema, ofQueue: nil, if: "EXISTS (SELECT 1 FROM lead)"))
            ),
            written AS (
                INSERT INTO \(schema).queue_floors AS floor (queue_name, job_type, engine, priority, oldest)
                SELECT queue_name, job_type, engine, priority, created_at FROM queued
                ON CONFLICT (queue_name, job_type, engine, priority) DO UPDATE SET oldest = excluded.oldest
                WHERE floor.oldest <> excluded.oldest
            ),
            change AS (
                DELETE FROM \(schema).job_count_changes
                WHERE ctid = ANY (ARRAY (
                    SELECT ctid FROM \(schema).job_count_changes
                    WHERE EXISTS (SELECT 1 FROM lead)
                    LIMIT 50000 FOR UPDATE SKIP LOCKED
                ))
                RETURNING queue_name, status, job_type, jobs
            ),
            counted AS (
                INSERT INTO \(schema).job_counts AS tally (queue_name, status, job_type, jobs)
                SELECT queue_name, status, job_type, sum(jobs) FROM change GROUP BY queue_name, status, job_type
                ON CONFLICT (queue_name, status, job_type) DO UPDATE SET jobs = tally.jobs + excluded.jobs
            )
            SELECT count(*) FROM lead
            """
    }
}
