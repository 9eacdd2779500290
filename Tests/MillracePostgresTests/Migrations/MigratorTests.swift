import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

@Suite struct MigratorTests {
    /// Where a test connects: the server itself, or PgBouncer before it.
    enum Way: CaseIterable {
        case direct
        case bouncer

        func configuration(_ schema: TestSchema) async throws -> PostgresConfiguration {
            try PostgresConfiguration(self == .direct ? schema.url : schema.url(by: try await PgBouncerServer.shared))
        }
    }

    private static let newest = PostgresSchema.newestVersion
    static let additive = Migration(
        version: newest + 1, name: "more", usableFrom: newest,
        text: "ALTER TABLE {schema}.workers ADD COLUMN more text;")
    static let breaking = Migration(
        version: newest + 1, name: "other", usableFrom: newest + 1,
        text: "ALTER TABLE {schema}.workers RENAME COLUMN process TO other;")

    @Test(arguments: Way.allCases)
    func `A new schema gets every step once`(way: Way) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let tables = PostgresSchema(try await way.configuration(schema))
        #expect(try await tables.version() == 0)
        #expect(try await tables.migrate().map(\.version) == Migration.all.map(\.version))
        #expect(try await tables.version() == PostgresSchema.newestVersion)
        #expect(try await tables.migrate() == [])
        try await schema.drop()
    }

    @Test(arguments: Way.allCases)
    func `Of ten that start together each step is applied by one`(way: Way) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try await way.configuration(schema)
        let steps = Migration.all + [Self.additive]
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try await PostgresSchema(configuration, migrations: steps).migrate().map(\.version)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied.sorted() == steps.map(\.version))
        #expect(
            try await schema.server.psql("SELECT string_agg(version::text, ' ') FROM \(schema.name).schema_migrations")
                == steps.map { "\($0.version)" }.joined(separator: " "))
        try await schema.drop()
    }

    @Test func `A step that fails leaves nothing of itself, and the steps before it`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        let broken = Migration(
            version: Self.newest + 1, name: "broken", usableFrom: Self.newest,
            text: "CREATE TABLE {schema}.half (id integer); SELECT 1 / 0;")
        await #expect(throws: StoreError.self) {
            try await PostgresSchema(configuration, migrations: Migration.all + [broken]).migrate()
        }
        let tables = PostgresSchema(configuration)
        #expect(try await tables.version() == Self.newest)
        #expect(try await tables.differences() == [])
        // What was held is free again.
        #expect(
            try await PostgresSchema(configuration, migrations: Migration.all + [Self.additive]).migrate().count == 1)
        try await schema.drop()
    }

    @Test func `An older program works with a schema to which steps were only added`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        _ = try await PostgresSchema(configuration, migrations: Migration.all + [Self.additive]).migrate()
        #expect(try await PostgresSchema(configuration).version() == Self.newest + 1)
        #expect(try await PostgresSchema(configuration).migrate() == [])
        let store = try await PostgresStore(configuration, options: .init(migrates: false))
        await store.close()
        try await schema.drop()
    }

    @Test(arguments: [true, false])
    func `An older program refuses a schema that it cannot work with, in one line`(migrates: Bool) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        _ = try await PostgresSchema(configuration, migrations: Migration.all + [Self.breaking]).migrate()
        let error = await #expect(throws: StoreError.self) {
            _ = try await PostgresStore(configuration, options: .init(migrates: migrates))
        }
        #expect(error?.code == .newerVersion)
        #expect(
            error?.message == """
                \(configuration.description) has schema version \(Self.newest + 1), this program knows \(Self.newest); use \
                a newer millrace
                """)
        try await schema.drop()
    }

    @Test func `A running program goes on after a step that only adds, and is told in one line after another`()
        async throws
    {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        let store = try await PostgresStore(configuration)
        let jobs = PostgresJobQueueRepository(store)
        let worker = WorkerID.make(at: Timestamp(microseconds: 0))
        try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        _ = try await PostgresSchema(configuration, migrations: Migration.all + [Self.additive]).migrate()
        try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        let breaking = Migration(
            version: Self.newest + 2, name: "other", usableFrom: Self.newest + 2, text: Self.breaking.text)
        _ = try await PostgresSchema(configuration, migrations: Migration.all + [Self.additive, breaking]).migrate()
        let error = await #expect(throws: StoreError.self) {
            try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        }
        #expect(error?.needsMending == true)
        #expect(
            error?.message == """
                the tables of \(configuration.description) are not those that this program needs; run millrace migrate \
                --check
                """)
        await store.close()
        try await schema.drop()
    }

    @Test func `A program that may not change the schema refuses an older one, and one that is not there, in one line`()
        async throws
    {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        let place = configuration.description
        let absent = await #expect(throws: StoreError.self) {
            _ = try await PostgresStore(configuration, options: .init(migrates: false))
        }
        #expect(absent?.code == .notFound)
        #expect(
            absent?.message == "there is no store in \(place); make one with millrace migrate")
        _ = try await PostgresSchema(configuration).migrate()
        let connection = try await PostgresConnection.connect(configuration)
        defer { connection.close() }
        let newer = Migrator(schema: schema.name, place: place, migrations: Migration.all + [Self.breaking])
        let older = await #expect(throws: StoreError.self) { try await newer.require(on: connection) }
        #expect(older?.code == .olderVersion)
        #expect(
            older?.message == """
                \(place) has schema version \(Self.newest), this program needs \(Self.newest + 1); run millrace migrate
                """)
        try await schema.drop()
    }

    @Test func `Who may not make the schema is told what its owner has to run`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(
            schema.server.url(user: "visitor", options: ["schema=\(schema.name)"]))
        let error = await #expect(throws: StoreError.self) { try await PostgresSchema(configuration).migrate() }
        #expect(error?.code == .readOnly)
        #expect(
            error?.message == """
                user visitor may not make schema \(schema.name) in \(configuration.description); let the database's owner \
                run: CREATE SCHEMA "\(schema.name)" AUTHORIZATION "visitor"
                """)
        // And having run that is enough.
        try await schema.server.psql("CREATE SCHEMA \(schema.name) AUTHORIZATION visitor", user: "postgres")
        #expect(try await PostgresSchema(configuration).migrate().count == Migration.all.count)
        #expect(try await PostgresSchema(configuration).differences() == [])
        try await schema.server.psql("DROP SCHEMA \(schema.name) CASCADE", user: "postgres")
    }

    @Test func `Who may not use a schema, or make tables in it, is told what to grant`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(
            schema.server.url(user: "visitor", options: ["schema=\(schema.name)"]))
        try await schema.server.psql("CREATE SCHEMA \(schema.name)")
        let empty = await #expect(throws: StoreError.self) { try await PostgresSchema(configuration).migrate() }
        #expect(empty?.code == .readOnly)
        #expect(empty?.message.hasSuffix("GRANT USAGE, CREATE ON SCHEMA \"\(schema.name)\" TO \"visitor\"") == true)
        _ = try await PostgresSchema(try PostgresConfiguration(schema.url)).migrate()
        let foreign = await #expect(throws: StoreError.self) { try await PostgresSchema(configuration).version() }
        #expect(foreign?.code == .readOnly)
        #expect(foreign?.message.hasPrefix("user visitor may not use schema \(schema.name) of") == true)
        try await schema.drop()
    }

    @Test(arguments: [
        "CREATE TABLE SCHEMA.accounts (id integer)",
        "CREATE TABLE SCHEMA.schema_migrations (version varchar(255))",
    ])
    func `A schema of another program is left alone`(table: String) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await schema.server.psql(
            "CREATE SCHEMA \(schema.name); \(table.replacing("SCHEMA", with: schema.name))")
        let configuration = try PostgresConfiguration(schema.url)
        let error = await #expect(throws: StoreError.self) { try await PostgresSchema(configuration).migrate() }
        #expect(error?.code == .corrupted)
        #expect(
            error?.message == """
                schema \(schema.name) of \(configuration.description) belongs to another program; name another, as in \
                ?schema=millrace2
                """)
        #expect(
            try await schema.server.psql(
                "SELECT count(*) FROM pg_class WHERE relnamespace = '\(schema.name)'::regnamespace") == "1")
        try await schema.drop()
    }

    @Test func `A database of another encoding is refused before anything is made`() async throws {
        let server = try await PostgresServer.shared
        let schema = server.freshSchema()
        let database = "latin_\(schema.name)"
        try await server.psql(
            "CREATE DATABASE \(database) ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        let configuration = try PostgresConfiguration(server.url(database: database))
        let error = await #expect(throws: StoreError.self) { try await PostgresSchema(configuration).migrate() }
        #expect(error?.code == .invalid)
        #expect(
            error?.message == """
                the database of \(configuration.description) has the encoding LATIN1; make one with createdb \
                --encoding=UTF8 --template=template0
                """)
        try await server.psql("DROP DATABASE \(database) WITH (FORCE)")
    }

    @Test func `Who waits too long for a program that hangs in the middle gives up in one line`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let configuration = try PostgresConfiguration(schema.url)
        let hanging = try await PostgresConnection.connect(configuration)
        let waiting = try await PostgresConnection.connect(configuration)
        defer {
            hanging.close()
            waiting.close()
        }
        let migrator = Migrator(schema: schema.name, place: "there", patience: .seconds(1))
        try await hanging.withTransaction { hanging in
            try await hanging.run(
                script: "SELECT pg_advisory_xact_lock(hashtextextended('millrace schema \(schema.name)', 0))")
            let error = await #expect(throws: PostgresError.self) { try await migrator.migrate(on: waiting) }
            #expect(error?.sqlState == .lockNotAvailable)
            #expect(
                StoreError(postgres: error ?? PostgresError(.misuse, ""), store: "there").message
                    == "another transaction holds locks in there for long; try again when it is done")
        }
        #expect(try await migrator.migrate(on: waiting).count == Migration.all.count)
        try await schema.drop()
    }

    @Test func `The script does what a program does by itself, and says nothing when nothing is missing`() async throws
    {
        let schema = try await PostgresServer.shared.freshSchema()
        let tables = PostgresSchema(try PostgresConfiguration(schema.url))
        try await schema.server.psql(try await tables.script())
        #expect(try await tables.version() == PostgresSchema.newestVersion)
        #expect(try await tables.differences() == [])
        #expect(try await tables.script() == "")
        try await schema.drop()
    }

    @Test func `Identifiers that the server makes are of version 7, and in the order of their times`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        _ = try await PostgresSchema(try PostgresConfiguration(schema.url)).migrate()
        let made = try await schema.server.psql(
            """
            SELECT \(schema.name).make_id('2026-11-25 12:00:00.123456+00'::timestamptz + n * interval '1 ms')
            FROM generate_series(0, 99) n ORDER BY n
            """
        ).split(separator: "\n")
        #expect(made == made.sorted())
        #expect(Set(made).count == 100)
        #expect(made.allSatisfy { $0.dropFirst(14).first == "7" && "89ab".contains($0.dropFirst(19).first ?? "x") })
        #expect(made[0].hasPrefix("019abae7-2e7b-") || made[0].hasPrefix("01"))
        try await schema.drop()
    }
}
