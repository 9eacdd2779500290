import MillracePostgres
import Testing

@Suite struct PostgresConfigurationTests {
    @Test func aURLSaysWhereAndWho() throws {
        let configuration = try PostgresConfiguration(
            "postgres://ann:secret@db.example:6543/work?sslmode=require", environment: [:])
        #expect(configuration.description == "db.example:6543, database work, user ann, schema millrace")
    }

    @Test func aPasswordIsNeverShown() throws {
        let configuration = try PostgresConfiguration("postgres://ann:secret@db/work", environment: [:])
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("secret"))
        }
    }

    @Test(arguments: [
        "http://db/work", "postgres://ann:secret%zz@db/work", "postgres://ann:secret@[db/work",
        "postgres://ann:secret@db/work?schema=pg_x", "postgres://ann:secret@db/work?schema=a-b",
        "postgres://ann:secret@db/work?prepared=secret", "postgres://ann:secret@db/work?statement_timeout=secret",
        "postgres://ann:secret@db/work?connect_timeout=secret", "postgres://ann:secret@db/work?colour=secret",
        "postgres://ann:secret@db/work?schema=a&schema=b", "postgres://ann:secret@db/work?schema",
    ])
    func aURLThatMakesNoSenseIsRefusedInOneLineWithoutItsSecrets(url: String) throws {
        let error = try #require(throws: PostgresError.self) { try PostgresConfiguration(url, environment: [:]) }
        #expect(error.code == .configuration)
        #expect(!error.message.contains("secret"))
        #expect(!error.message.contains("\n"))
    }

    @Test func ownOptionsAreReadAndHiddenFromTheServer() throws {
        let configuration = try PostgresConfiguration(
            "postgres://db/work?schema=mill_2&prepared=off&statement_timeout=30s&connect_timeout=3", environment: [:])
        #expect(configuration.schema == "mill_2")
        #expect(configuration.prepared == .off)
        #expect(configuration.statementTimeout == .seconds(30))
        #expect(configuration.connectTimeout == .seconds(3))
    }

    @Test(arguments: [("500ms", Duration.milliseconds(500)), ("250", .milliseconds(250)), ("2min", .seconds(120))])
    func aTimeoutHasAUnit(text: String, expected: Duration) throws {
        let configuration = try PostgresConfiguration("postgres://db/w?statement_timeout=\(text)", environment: [:])
        #expect(configuration.statementTimeout == expected)
    }

    @Test func whatTheURLLeavesOpenComesFromTheEnvironment() throws {
        let configuration = try PostgresConfiguration(
            "postgres://", environment: ["PGHOST": "a,b", "PGPORT": "1,2", "PGDATABASE": "work", "PGUSER": "ann"])
        #expect(configuration.description == "a:1,b:2, database work, user ann, schema millrace")
    }
}
