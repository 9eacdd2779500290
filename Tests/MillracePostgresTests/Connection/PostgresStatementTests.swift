import Logging
import MillracePostgres
import Synchronization
import TestServers
import Testing

@Suite struct PostgresStatementTests {
    @Test func aStatementSaysHowManyRowsItChanged() async throws {
        let connection = try await connect()
        try await connection.run(
            script: "CREATE TEMPORARY TABLE numbers (n bigint); INSERT INTO numbers VALUES (1), (2), (3)")
        #expect(try await connection.execute("UPDATE numbers SET n = n + $1", [.int8(1)]) == 3)
        #expect(try await connection.execute("DELETE FROM numbers WHERE n > $1", [.int8(100)]) == 0)
        #expect(
            try await connection.query("SELECT n FROM numbers ORDER BY n").map { try $0.value(0, as: Int.self) } == [
                2, 3, 4,
            ])
    }

    @Test func aScriptIsOneTransaction() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMPORARY TABLE numbers (n bigint)")
        let error = await postgresError {
            try await connection.run(
                script: "INSERT INTO numbers VALUES (1); SELECT 1 / 0; INSERT INTO numbers VALUES (2)")
        }
        #expect(error?.sqlState?.rawValue == "22012")
        #expect(try await connection.query("SELECT FROM numbers").isEmpty)
    }

    @Test func aStatementIsPreparedOnceAConnection() async throws {
        let connection = try await connect()
        for number in 0..<20 { try await connection.query("SELECT $1::bigint + 1", [.int8(Int64(number))]) }
        // NULL fits the types of any statement.
        try await connection.query("SELECT $1::bigint + 1", [.null])
        let rows = try await connection.query(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = 'SELECT $1::bigint + 1'")
        #expect(try rows.map { try $0.value(0, as: Int.self) } == [21])
    }

    @Test func aStatementPreparedWithoutATypeIsPreparedAgainForOne() async throws {
        let connection = try await connect()
        try await connection.query("SELECT $1::bigint + 1", [.null])
        #expect(try await connection.query("SELECT $1::bigint + 1", [.int4(1)])[0].value(0) == 2)
        #expect(try await connection.query("SELECT $1::bigint + 1", [.int8(1)])[0].value(0) == 2)
    }

    @Test func aStatementWhoseTypesBecomeKnownOneByOneIsPreparedForAllOfThem() async throws {
        let connection = try await connect()
        for _ in 0..<10 {
            try await connection.query("SELECT $1::text || $2::text", [.null, .text("b")])
            try await connection.query("SELECT $1::text || $2::text", [.text("a"), .null])
        }
        let rows = try await connection.query(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::text || $2::text'")
        #expect(try rows[0].value(0, as: Int.self) <= 2)
    }

    @Test func aStatementForOneTypeAfterTheOtherDoesNotFillTheServer() async throws {
        let connection = try await connect()
        for _ in 0..<400 {
            try await connection.query("SELECT $1", [.int4(1)])
            try await connection.query("SELECT $1", [.text("a")])
        }
        let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements")
        #expect(try count[0].value(0, as: Int.self) <= 500)
    }

    @Test func statementsWithoutEndDoNotFillTheServer() async throws {
        let connection = try await connect()
        for number in 0..<1_100 { #expect(try await connection.query("SELECT \(number)")[0].value(0) == number) }
        let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements")
        #expect(try count[0].value(0, as: Int.self) <= 500)
    }

    @Test func nothingIsPreparedWhenThatIsOff() async throws {
        let connection = try await connect(options: ["prepared=off"])
        #expect(try await connection.query("SELECT $1::text", [.text("a")])[0].value(0) == "a")
        #expect(try await connection.query("SELECT FROM pg_prepared_statements").isEmpty)
    }

    @Test func aTableThatChangesUnderAPreparedStatementIsNoFailure() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMPORARY TABLE numbers (n integer); INSERT INTO numbers VALUES (1)")
        #expect(try await connection.query("SELECT n FROM numbers")[0].value(0) == 1)
        try await connection.run(script: "ALTER TABLE numbers ALTER n TYPE bigint")
        #expect(try await connection.query("SELECT n FROM numbers")[0].value(0) == 1)
    }

    @Test func rowsOfAnySizeArriveOverTLS() async throws {
        let connection = try await connect(options: ["sslmode=require"])
        // OpenSSL keeps what libpq does not take of a record, and the socket says nothing of it.
        for size in stride(from: 7_000, through: 42_000, by: 61) {
            let row = try await connection.query(
                "SELECT repeat('x', $1::int), repeat('y', 40000 - $1::int / 2)", [.int4(Int32(size))])[0]
            #expect(try row.value(0, as: String.self).utf8.count == size)
            #expect(try row.value(1, as: String.self).utf8.count == 40_000 - size / 2)
        }
    }

    @Test func aServersErrorIsTypedAndShowsNoValues() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMPORARY TABLE names (name text CONSTRAINT one_name PRIMARY KEY)")
        try await connection.execute("INSERT INTO names VALUES ($1)", [.text("secret")])
        let twice = await postgresError {
            try await connection.execute("INSERT INTO names VALUES ($1)", [.text("secret")])
        }
        #expect(twice?.code == .server(.uniqueViolation))
        #expect(twice?.sqlState == .uniqueViolation)
        #expect(twice?.constraintName == "one_name")
        #expect(twice?.tableName == "names")
        #expect(twice?.description.contains("secret") == false)
        #expect(twice?.serverDetail?.contains("secret") == true)

        let conversion = await postgresError {
            try await connection.query("SELECT $1::text::bigint", [.text("secret")])
        }
        #expect(conversion?.sqlState?.rawValue == "22P02")
        #expect(conversion?.description.contains("secret") == false)
        let syntax = await postgresError { try await connection.query("SELECT secret secret secret") }
        #expect(syntax?.sqlState?.rawValue == "42601")
        #expect(syntax?.description.contains("secret") == false)
        #expect(connection.isUsable)
    }

    @Test func concurrentCallersTakeTurnsInOrder() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMPORARY SEQUENCE turns")
        let turns = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask { try await connection.query("SELECT nextval('turns')")[0].value(0) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(turns.sorted() == Array(1...100))
    }

    @Test func aCopyByQueryIsRefusedAndTheConnectionRemainsUsable() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMPORARY TABLE numbers (n integer)")
        let error = await postgresError { try await connection.query("COPY numbers FROM STDIN (FORMAT binary)") }
        #expect(error?.code == .misuse)
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test(arguments: [true, false])
    func rowsToBeCopiedOutAreRefusedAndCostTheConnection(isScript: Bool) async throws {
        let connection = try await connect()
        let sql = "COPY (SELECT generate_series(1, 10)) TO STDOUT"
        let error = await postgresError {
            if isScript { try await connection.run(script: sql) } else { try await connection.query(sql) }
        }
        #expect(error?.code == .unsupported, "\(String(reflecting: error))")
        #expect(!connection.isUsable)
    }

    @Test func aWrongNumberOfParametersIsTheServersError() async throws {
        let connection = try await connect()
        let error = await postgresError { try await connection.query("SELECT $1::text", []) }
        #expect(error?.sqlState != nil)
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test func aClosedConnectionSaysSo() async throws {
        let connection = try await connect()
        #expect(connection.isUsable)
        connection.close()
        #expect(!connection.isUsable)
        let error = await postgresError { try await connection.query("SELECT 1") }
        #expect(error?.code == .connectionLost)
        #expect(error?.mayHaveRun == false)
    }

    @Test func aConnectionThatIsLetGoOfIsClosed() async throws {
        let observer = try await connect()
        var connection: PostgresConnection? = try await connect()
        let process = try await process(of: #require(connection))
        connection = nil
        try await eventually("the server's process ends") { try await activity(of: process, observer) == nil }
    }

    @Test func anIdleConnectionThatTheServerEndsIsNotUsable() async throws {
        let observer = try await connect()
        let connection = try await connect()
        let process = try await process(of: connection)
        try await observer.query("SELECT pg_terminate_backend($1)", [.int4(process)])
        try await eventually("it is not usable") { !connection.isUsable }
        let error = await postgresError { try await connection.query("SELECT 1") }
        #expect(error?.code == .connectionLost)
    }

    @Test func echoLogsTheStatementAndNeverItsValues() async throws {
        let log = LinesLog()
        var configuration = try PostgresConfiguration(await PostgresServer.shared.url, environment: [:])
        configuration.echo = true
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .debug
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        try await connection.query("SELECT $1::text", [.text("secret")])
        let lines = log.lines.withLock { $0 }
        #expect(lines.contains { $0.contains("SELECT $1::text") && $0.contains("microseconds") })
        #expect(!lines.contains { $0.contains("secret") })
    }
}

private final class LinesLog: LogHandler {
    let lines = Mutex<[String]>([])

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .debug }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
