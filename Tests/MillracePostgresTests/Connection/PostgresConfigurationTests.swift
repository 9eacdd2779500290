import Testing

@testable import MillracePostgres

@Suite struct PostgresConfigurationTests {
    @Test func aURLSaysWhereAndWho() throws {
        let configuration = try PostgresConfiguration(
            "postgres://ann:secret@db.example:6543/work?sslmode=require", environment: [:])
        #expect(configuration.description == "postgres://ann@db.example:6543/work")
        let other = try configuration.with(schema: "mine")
        #expect(other.description == "postgres://ann@db.example:6543/work?schema=mine")
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
        "postgres://ann:secret@db/work?pool_size=0", "postgres://ann:secret@db/work?max_overflow=-1",
        "postgres://ann:secret@db/work?pool_timeout=secret", "postgres://ann:secret@db/work?pool_recycle=0",
        "postgres://ann:secret@db/work?pool_pre_ping=secret", "postgres://ann:secret@db/work?echo=secret",
        "postgres://ann:x@secret@db/work", "postgres://ann:x/secret@db/work", "postgres://ann:x?secret@y@db/work",
        "postgres://ann:secret/x@db/work", "postgres://ann:secret?/x@db/work",
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

    @Test func theOptionsOfThePoolAreRead() throws {
        let options =
            "pool_size=3&max_overflow=0&pool_timeout=250ms&pool_recycle=90&pool_pre_ping=off&echo=on&sslmode=disable"
        let configuration = try PostgresConfiguration("postgres://db/work?\(options)", environment: [:])
        let expected = try PostgresPool.Options(
            size: 3, maxOverflow: 0, timeout: .milliseconds(250), recycle: .seconds(90), prePing: false, echo: true)
        #expect(configuration.pool == expected)
        #expect(PostgresPool(configuration).options == expected)
        #expect(PostgresPool(configuration, options: .standard).options == .standard)
        #expect(try PostgresConfiguration("postgres://db/work", environment: [:]).pool == .standard)
    }

    @Test(arguments: [("500ms", Duration.milliseconds(500)), ("250", .milliseconds(250)), ("2min", .seconds(120))])
    func aTimeoutHasAUnit(text: String, expected: Duration) throws {
        let configuration = try PostgresConfiguration("postgres://db/w?statement_timeout=\(text)", environment: [:])
        #expect(configuration.statementTimeout == expected)
    }

    @Test func anAtSignIsTakenWhenItIsWrittenAsACode() throws {
        let configuration = try PostgresConfiguration(
            "postgres://ann:a%40b@db/w%40rk?sslmode=disable", environment: [:])
        #expect(configuration.description == "postgres://ann@db:5432/w@rk")
    }

    @Test func aServiceIsNotOverriddenByTheEnvironment() throws {
        let configuration = try PostgresConfiguration(
            "postgres:///?service=work", environment: ["PGHOST": "other", "PGDATABASE": "other", "PGPASSFILE": "/p"])
        #expect(configuration.settings["host"] == nil && configuration.settings["dbname"] == nil)
        #expect(configuration.description.contains("service=work"))
        let named = try PostgresConfiguration("postgres://", environment: ["PGSERVICE": "work", "PGHOST": "other"])
        #expect(named.settings["host"] == nil && named.settings["service"] == "work")
    }

    @Test func whatTheURLLeavesOpenComesFromTheEnvironment() throws {
        let configuration = try PostgresConfiguration(
            "postgres://", environment: ["PGHOST": "a,b", "PGPORT": "1,2", "PGDATABASE": "work", "PGUSER": "ann"])
        #expect(configuration.description == "postgres://ann@a:1,b:2/work")
    }
}
