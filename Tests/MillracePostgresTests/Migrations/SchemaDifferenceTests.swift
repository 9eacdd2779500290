import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

@Suite struct SchemaDifferenceTests {
    /// A change made by hand, and what is said of it.
    struct Change: Sendable {
        let sql: String
        let lines: [String]

        init(_ sql: String, _ lines: String...) {
            self.sql = sql
            self.lines = lines
        }
    }

    static let changes = [
        Change(
            "ALTER TABLE SCHEMA.job_queues ALTER name TYPE varchar(80) COLLATE \"C\"",
            "column job_queues.name has the type character varying(80) COLLATE \"C\" instead of text COLLATE \"C\""),
        Change(
            "ALTER TABLE SCHEMA.leaders ALTER name TYPE text COLLATE \"default\"",
            "column leaders.name has the type text instead of text COLLATE \"C\""),
        Change(
            "ALTER TABLE SCHEMA.job_queues ALTER settings DROP NOT NULL",
            "column job_queues.settings has the nullability NULL instead of NOT NULL"),
        Change(
            "ALTER TABLE SCHEMA.processing_jobs ALTER max_retries SET DEFAULT 5",
            "column processing_jobs.max_retries has the default 5 instead of 3"),
        Change(
            "ALTER TABLE SCHEMA.chunk_tasks ALTER max_retries DROP DEFAULT",
            "column chunk_tasks.max_retries has the default none instead of 3"),
        Change(
            "ALTER TABLE SCHEMA.workers DROP COLUMN process",
            "column workers.process is missing"),
        Change(
            "ALTER TABLE SCHEMA.workers ADD COLUMN note text NOT NULL DEFAULT ''",
            "column workers.note is not one of Millrace's"),
        Change(
            "DROP INDEX SCHEMA.idx_transcripts_hash",
            "index idx_transcripts_hash of table transcripts is missing"),
        Change(
            "CREATE INDEX by_name ON SCHEMA.job_queues (settings)",
            "index by_name of table job_queues is not one of Millrace's"),
        Change(
            "DROP INDEX SCHEMA.idx_cache_expires; CREATE INDEX idx_cache_expires ON SCHEMA.cache_entries (created_at)",
            """
            index idx_cache_expires of table cache_entries has the definition CREATE INDEX idx_cache_expires ON \
            cache_entries USING btree (created_at) instead of CREATE INDEX idx_cache_expires ON cache_entries \
            USING btree (expires_at)
            """),
        Change(
            "ALTER TABLE SCHEMA.processing_jobs DROP CONSTRAINT processing_jobs_priority_check",
            "constraint processing_jobs_priority_check of table processing_jobs is missing"),
        Change(
            "DROP TRIGGER job_moved ON SCHEMA.processing_jobs",
            "trigger job_moved of table processing_jobs is missing"),
        Change(
            "ALTER TABLE SCHEMA.processing_jobs DISABLE TRIGGER job_added",
            "trigger job_added of table processing_jobs has the state disabled instead of enabled"),
        Change(
            """
            CREATE OR REPLACE FUNCTION SCHEMA.count_added_jobs() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RETURN NULL; END $$
            """, "function count_added_jobs has another body"),
        Change(
            "DROP FUNCTION SCHEMA.make_id(timestamptz)",
            "function make_id is missing"),
        Change(
            "DROP TABLE SCHEMA.caches",
            "table caches is missing"),
        Change(
            "CREATE TABLE SCHEMA.notes (id integer PRIMARY KEY)",
            "table notes is not one of Millrace's"),
        Change(
            "ALTER TABLE SCHEMA.leaders SET UNLOGGED",
            "table leaders has the durability unlogged instead of logged"),
    ]

    @Test func `What was changed by hand is named, table and column`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let tables = PostgresSchema(try PostgresConfiguration(schema.url))
        _ = try await tables.migrate()
        var before: Set<String> = []
        for change in Self.changes {
            try await schema.server.psql(change.sql.replacing("SCHEMA", with: schema.name))
            let found = try await tables.differences().map(\.description)
            #expect(Set(found).subtracting(before) == Set(change.lines), "\(change.sql)")
            #expect(Set(found).isSuperset(of: before) && found.count == before.count + change.lines.count)
            before = Set(found)
        }
        try await schema.drop()
    }

    @Test(arguments: MigratorTests.Way.allCases)
    func `A schema as it was made shows no difference, and looking changes nothing`(way: MigratorTests.Way) async throws
    {
        let schema = try await PostgresServer.shared.freshSchema()
        let tables = PostgresSchema(try await way.configuration(schema))
        _ = try await tables.migrate()
        let before = try await Self.contents(of: schema)
        for _ in 0..<2 { #expect(try await tables.differences() == []) }
        #expect(try await Self.contents(of: schema) == before)
        try await schema.drop()
    }

    @Test func `An empty schema lacks nothing of version 0`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        #expect(try await PostgresSchema(try PostgresConfiguration(schema.url)).differences() == [])
    }

    private static func contents(of schema: TestSchema) async throws -> String {
        try await schema.server.psql(
            """
            SELECT string_agg(oid || ' ' || relname, ',' ORDER BY oid) FROM pg_class
            WHERE relnamespace = '\(schema.name)'::regnamespace;
            TABLE \(schema.name).store_state; TABLE \(schema.name).schema_migrations;
            """)
    }
}
