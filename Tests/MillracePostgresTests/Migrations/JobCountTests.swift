import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

/// The counts of jobs that triggers keep.
@Suite struct JobCountTests {
    private static func insert(_ schema: String, _ count: Int, _ type: String) -> String {
        """
        INSERT INTO \(schema).processing_jobs (id, queue_name, job_type, payload)
        SELECT \(schema).make_id(now()), 'default', '\(type)', '{}' FROM generate_series(1, \(count));
        """
    }

    @Test func `Every way to add, move and remove jobs is counted; what is rolled back is not`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        _ = try await PostgresSchema(try PostgresConfiguration(schema.url)).migrate()
        let jobs = "\(schema.name).processing_jobs"
        let changes = [
            Self.insert(schema.name, 100, "a") + Self.insert(schema.name, 10, "b"),
            "UPDATE \(jobs) SET status = 'SCHEDULED' WHERE job_type = 'a'",
            "UPDATE \(jobs) SET job_type = 'c' WHERE job_type = 'b'",
            "UPDATE \(jobs) SET crashes = 1",
            "BEGIN; DELETE FROM \(jobs); ROLLBACK",
            "DELETE FROM \(jobs) WHERE id IN (SELECT id FROM \(jobs) WHERE job_type = 'a' LIMIT 40)",
            "UPDATE \(jobs) SET status = 'FAILED', completed_at = now() WHERE job_type = 'c'",
            """
            WITH moved AS (UPDATE \(jobs) SET status = 'QUEUED' WHERE status = 'SCHEDULED' RETURNING id)
            INSERT INTO \(jobs) (id, queue_name, job_type, payload)
            SELECT \(schema.name).make_id(now()), 'other', 'd', '{}' FROM moved
            """,
            """
            INSERT INTO \(jobs) (id, queue_name, job_type, payload)
            SELECT id, 'default', 'a', '{}' FROM \(jobs) ON CONFLICT DO NOTHING
            """,
        ]
        for change in changes {
            try await schema.server.psql(change)
            #expect(try await Self.wrong(schema) == "", "after \(change)")
        }
        #expect(
            try await schema.server.psql("SELECT queue_name, status, count(*) FROM \(jobs) GROUP BY 1, 2 ORDER BY 1, 2")
                == "default|FAILED|10\ndefault|QUEUED|60\nother|QUEUED|60")
        try await schema.drop()
    }

    @Test func `A statement that changes no group writes no count`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        _ = try await PostgresSchema(try PostgresConfiguration(schema.url)).migrate()
        try await schema.server.psql(Self.insert(schema.name, 3, "a"))
        let before = try await schema.server.psql("SELECT count(*) FROM \(schema.name).job_count_changes")
        try await schema.server.psql(
            "UPDATE \(schema.name).processing_jobs SET updated_at = now(); DELETE FROM \(schema.name).processing_jobs WHERE false"
        )
        #expect(try await schema.server.psql("SELECT count(*) FROM \(schema.name).job_count_changes") == before)
        try await schema.drop()
    }

    /// The groups whose count is not what the rows say.
    private static func wrong(_ schema: TestSchema) async throws -> String {
        try await schema.server.psql(
            """
            WITH counted AS (
                SELECT queue_name, status, job_type, sum(jobs) AS jobs FROM (
                    TABLE \(schema.name).job_counts UNION ALL TABLE \(schema.name).job_count_changes
                ) counts GROUP BY 1, 2, 3 HAVING sum(jobs) <> 0
            ),
            truth AS (
                SELECT queue_name, status, job_type, count(*) AS jobs FROM \(schema.name).processing_jobs GROUP BY 1, 2, 3
            )
            (TABLE counted EXCEPT TABLE truth) UNION ALL (TABLE truth EXCEPT TABLE counted)
            """)
    }
}
