import Foundation
import MillracePostgres
import TestServers
import Testing

@Suite(.bounded) struct MigrateCommandTests {
    private static let newest = PostgresSchema.newestVersion

    /// Runs `millrace migrate` on a schema.
    private static func migrate(
        _ options: String..., on schema: TestSchema, url: String? = nil, in place: Workplace
    ) async throws -> Ending {
        try await place.run(Program.path, ["migrate", "--store", url ?? schema.url] + options)
    }

    @Test func `ten programs that start together make the schema once, directly and by PgBouncer`() async throws {
        let urls: [@Sendable (TestSchema) async throws -> String] = [
            { $0.url }, { $0.url(by: try await PgBouncerServer.shared) },
        ]
        for url in urls {
            let schema = try await PostgresServer.shared.freshSchema()
            try await Workplace.with { place in
                let address = try await url(schema)
                let endings = try await withThrowingTaskGroup(of: Ending.self) { group in
                    for _ in 0..<10 { group.addTask { try await Self.migrate(on: schema, url: address, in: place) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                for ending in endings { #expect(ending.status == 0, "\(ending.errors)") }
                #expect(
                    try await schema.server.psql("SELECT count(*), max(version) FROM \(schema.name).schema_migrations")
                        == "\(Self.newest)|\(Self.newest)")
                #expect(try await Self.migrate("--check", on: schema, in: place).status == 0)
            }
            try await schema.drop()
        }
    }

    @Test func `check says that there is no store, that it is up to date, and what differs`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await Workplace.with { place in
            let absent = try await Self.migrate("--check", on: schema, in: place)
            #expect(absent.status == 1 && absent.output.isEmpty)
            #expect(absent.errorLines.count == 1 && absent.errors.contains("there is no store yet"), "\(absent.errors)")
            let made = try await Self.migrate(on: schema, in: place)
            #expect(made.errors.contains("now has schema version \(Self.newest)."), "\(made.errors)")
            let again = try await Self.migrate(on: schema, in: place)
            #expect(again.errors.contains("is up to date (schema version \(Self.newest))."), "\(again.errors)")
            let sound = try await Self.migrate("--check", on: schema, in: place)
            #expect(sound.status == 0 && sound.output.isEmpty)
            #expect(
                sound.errors.hasSuffix("schema version \(Self.newest), up to date; nothing differs.\n"),
                "\(sound.errors)")
            try await schema.server.psql(
                """
                ALTER TABLE \(schema.name).workers DROP COLUMN process;
                ALTER TABLE \(schema.name).job_queues ALTER settings DROP NOT NULL;
                """)
            let changed = try await Self.migrate("--check", on: schema, in: place)
            #expect(changed.status == 1)
            #expect(
                changed.output == """
                    column job_queues.settings has the nullability NULL instead of NOT NULL
                    column workers.process is missing

                    """)
            #expect(changed.errors.hasSuffix("up to date; 2 things differ.\n"), "\(changed.errors)")
            // Neither the password nor an option is shown.
            for ending in [absent, sound, changed] { #expect(!ending.errors.contains(schema.server.password)) }
        }
        try await schema.drop()
    }

    @Test func `the printed script makes the schema when psql runs it, and nothing else is printed`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await Workplace.with { place in
            let script = try await Self.migrate("--print-sql", on: schema, in: place)
            #expect(script.status == 0 && script.errors.isEmpty, "\(script.errors)")
            try await schema.server.psql(script.output)
            #expect(try await Self.migrate("--check", on: schema, in: place).status == 0)
            #expect(try await Self.migrate("--print-sql", on: schema, in: place).output == "")
        }
        try await schema.drop()
    }

    @Test func `a schema of a newer program is refused by every command in one line`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await Workplace.with { place in
            #expect(try await Self.migrate(on: schema, in: place).status == 0)
            try await schema.server.psql(
                """
                INSERT INTO \(schema.name).schema_migrations (version, name, usable_from) VALUES (77, 'later', 77)
                """)
            for command in [["migrate"], ["migrate", "--check"], ["jobs", "list"], ["transcripts", "list"]] {
                let ending = try await place.run(Program.path, command + ["--store", schema.url])
                #expect(ending.status == 1 && ending.output.isEmpty)
                #expect(
                    ending.errorLines.count == 1
                        && ending.errors.hasSuffix(
                            "has schema version 77, this program knows \(Self.newest); use a newer millrace\n"),
                    "\(ending.errors)")
            }
            // What was only added is no reason to refuse.
            try await schema.server.psql("UPDATE \(schema.name).schema_migrations SET usable_from = 1")
            let ending = try await place.run(Program.path, ["jobs", "list", "--store", schema.url])
            #expect(ending.status == 0, "\(ending.errors)")
            try await schema.server.psql(
                "ALTER TABLE \(schema.name).workers ADD later text; CREATE TABLE \(schema.name).later (id integer)")
            let check = try await Self.migrate("--check", on: schema, in: place)
            #expect(check.status == 0 && check.output.isEmpty, "\(check.output)")
            #expect(
                check.errors.hasSuffix(
                    """
                    schema version 77, newer than this program's \(Self.newest), which can work with it; nothing differs.

                    """),
                "\(check.errors)")
            try await schema.server.psql("ALTER TABLE \(schema.name).workers DROP process")
            let drifted = try await Self.migrate("--check", on: schema, in: place)
            #expect(drifted.status == 1 && drifted.output == "column workers.process is missing\n", "\(drifted.output)")
        }
        try await schema.drop()
    }

    @Test func `a user without the right is told in one line what the owner has to run`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await Workplace.with { place in
            let url = schema.server.url(user: "visitor", options: ["schema=\(schema.name)"])
            let ending = try await Self.migrate(on: schema, url: url, in: place)
            #expect(ending.status == 1)
            #expect(ending.errorLines.count == 1, "\(ending.errors)")
            #expect(
                ending.errors.contains("CREATE SCHEMA \"\(schema.name)\" AUTHORIZATION \"visitor\""), "\(ending.errors)"
            )
        }
    }

    @Test func `a file is brought up to date and checked too, but has no script`() async throws {
        try await Workplace.with { place in
            let absent = try await place.millrace(["migrate", "--check"])
            #expect(absent.status == 1 && absent.errors.contains("there is no store yet"), "\(absent.errors)")
            #expect(!FileManager.default.fileExists(atPath: place.store))
            #expect(try await place.millrace(["migrate"]).status == 0)
            let sound = try await place.millrace(["migrate", "--check"])
            #expect(sound.status == 0 && sound.errors.contains("up to date; nothing differs."), "\(sound.errors)")
            let script = try await place.millrace(["migrate", "--print-sql"])
            #expect(script.status == 1 && script.output.isEmpty && script.errorLines.count == 1, "\(script.errors)")
        }
    }
}
