import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

@Suite struct SchemaDifferenceTests {
    /// A change made by hand, and what is said of it.
    struct Change: Sendable {
        let sql: String
        let lines: [String]
        let user: String

        init(_ sql: String, by user: String = "millrace", _ lines: String...) {
            self.sql = sql
            self.lines = lines
            self.user = user
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
            """, "function count_added_jobs() has another body"),
        Change(
            "DROP FUNCTION SCHEMA.make_id(timestamptz)",
            "function make_id(timestamp with time zone) is missing"),
        Change(
            "DROP TABLE SCHEMA.caches",
            "table caches is missing"),
        Change(
            "CREATE TABLE SCHEMA.notes (id integer PRIMARY KEY)",
            "table notes is not one of Millrace's"),
        Change(
            "ALTER TABLE SCHEMA.leaders SET UNLOGGED",
            "table leaders has the durability unlogged instead of logged"),
        Change(
            "ALTER TABLE SCHEMA.processing_jobs ENABLE REPLICA TRIGGER job_removed",
            "trigger job_removed of table processing_jobs has the state enabled for replicas only instead of enabled"),
        Change(
            // Those by which the foreign key is kept, too.
            "ALTER TABLE SCHEMA.chunk_tasks DISABLE TRIGGER ALL", by: "postgres",
            """
            constraint chunk_tasks_processing_id_fkey of table chunk_tasks has the state switched off instead of in force
            """),
        Change(
            "ALTER TABLE SCHEMA.workers ENABLE ROW LEVEL SECURITY",
            "table workers has the row security on instead of off"),
        Change(
            "CREATE RULE nothing AS ON INSERT TO SCHEMA.job_queues DO INSTEAD NOTHING",
            "rule nothing of table job_queues is not one of Millrace's"),
        Change(
            """
            CREATE FUNCTION SCHEMA.enqueue(job_type text) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'
            """, "function enqueue(text) is not one of Millrace's"),
        Change(
            "ALTER TABLE SCHEMA.chunk_tasks ALTER audio SET STORAGE EXTENDED",
            "column chunk_tasks.audio has the storage extended instead of external"),
    ]

    @Test func `What was changed by hand is named, table and column`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let tables = PostgresSchema(try PostgresConfiguration(schema.url))
        _ = try await tables.migrate()
        var before: Set<String> = []
        for change in Self.changes {
            try await schema.server.psql(change.sql.replacing("SCHEMA", with: schema.name), user: change.user)
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

    /// Names that are words of the statements too.
    @Test(arguments: ["header", "enqueue", "new", "order", "on", "e", "pg", "schema", "line", "job"])
    func `A schema shows no difference whatever its name is`(name: String) async throws {
        let server = try await PostgresServer.shared
        let database = "named_\(server.freshSchema().name)"
        try await server.psql("CREATE DATABASE \(database)")
        let tables = PostgresSchema(
            try PostgresConfiguration(server.url(database: database, options: ["schema=\(name)"])))
        _ = try await tables.migrate()
        #expect(try await tables.differences() == [])
        try await server.psql("DROP DATABASE \(database) WITH (FORCE)")
    }

    @Test func `What a newer program has added is no difference, and what is missing or changed is`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        let newer = Migration(
            version: PostgresSchema.newestVersion + 1, name: "more", usableFrom: PostgresSchema.newestVersion,
            text: """
                CREATE TABLE {schema}.notes (id integer PRIMARY KEY);
                ALTER TABLE {schema}.workers ADD COLUMN note text;
                CREATE INDEX by_note ON {schema}.workers (note);
                """)
        let ours = PostgresSchema(configuration)
        let theirs = PostgresSchema(configuration, migrations: Migration.all + [newer])
        _ = try await theirs.migrate()
        #expect(try await ours.differences() == [])
        #expect(try await theirs.differences() == [])
        try await schema.server.psql(
            """
            ALTER TABLE \(schema.name).workers DROP COLUMN process;
            ALTER TABLE \(schema.name).caches ALTER name DROP NOT NULL;
            DROP TABLE \(schema.name).notes;
            """)
        #expect(
            try await ours.differences().map(\.description) == [
                "column caches.name has the nullability NULL instead of NOT NULL", "column workers.process is missing",
            ])
        #expect(try await theirs.differences().map(\.description).contains("table notes is missing"))
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
