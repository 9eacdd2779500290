import TestServers
import Testing

@testable import MillracePostgres

@Suite struct PostgresBouncerTests {
    @Test func manyConnectionsShareTheServersOfAPooler() async throws {
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<16 {
                group.addTask {
                    let connection = try await connectByBouncer()
                    var sum = 0
                    for step in 0..<50 {
                        sum += try await connection.query("SELECT $1::bigint + 1", [.int8(Int64(step + number))])[0]
                            .value(0)
                        sum += try await connection.withTransaction { transaction in
                            try await transaction.query("SELECT $1::bigint", [.int8(1)])[0].value(0)
                        }
                    }
                    return sum
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums.sorted() == (0..<16).map { number in (0..<50).reduce(0) { $0 + $1 + number + 2 } })
    }

    @Test func nothingIsPreparedThroughAPooler() async throws {
        let connection = try await connectByBouncer()
        try await connection.query("SELECT $1::text, 'through a pooler'", [.text("a")])
        let prepared = try await connection.query(
            "SELECT FROM pg_prepared_statements WHERE statement LIKE '%through a pooler%'")
        #expect(prepared.isEmpty)
    }

    @Test func aPoolerThatWasNotRecognisedTurnsPreparingOffByItsErrors() async throws {
        // Connected without the question by which a pooler is recognised.
        let configuration = try PostgresConfiguration(await PgBouncerServer.shared.url, environment: [:])
        let session = try await Connector(configuration).connect()
        let connection = PostgresConnection(session: session, logger: nil)
        let other = try await connectByBouncer()
        #expect(!connection.isPooled)
        // The first finds its statement's name used by somebody before (42P05) or not; sooner or later it gets a server
        // that does not know the statement (26000), for another transaction has the one that does.
        try await eventually("the pooler is found") {
            #expect(try await connection.query("SELECT $1::bigint", [.int8(2)])[0].value(0) == 2)
            try await other.withTransaction { transaction in
                try await transaction.query("SELECT 1")
                #expect(try await connection.query("SELECT $1::bigint", [.int8(3)])[0].value(0) == 3)
            }
            return configuration.preparedSwitch.isOff
        }
        #expect(connection.isPooled)
        session.close()
    }

    @Test(arguments: ["DEALLOCATE ALL", "DISCARD ALL", "PREPARE m2 AS SELECT 5"])
    func aDirectConnectionThatForgetsItsStatementsGoesOnPreparing(script: String) async throws {
        let connection = try await connect()
        #expect(try await connection.query("SELECT $1::bigint", [.int8(1)])[0].value(0) == 1)
        try await connection.run(script: script)
        #expect(try await connection.query("SELECT $1::bigint", [.int8(2)])[0].value(0) == 2)
        #expect(try await connection.query("SELECT $1::int", [.int4(3)])[0].value(0) == 3)
        #expect(!connection.configuration.preparedSwitch.isOff)
        let names = try await connection.query(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int'")
        #expect(try names[0].value(0) == 1)
    }

    @Test func aStatementOfTheCallersOwnThatDoesNotExistIsItsError() async throws {
        let connection = try await connect()
        let error = await postgresError { try await connection.query("EXECUTE nowhere") }
        #expect(error?.sqlState == .invalidStatementName)
        #expect(!connection.configuration.preparedSwitch.isOff)
        let inTransaction = await postgresError {
            try await connection.withTransaction { _ = try await $0.query("EXECUTE nowhere") }
        }
        #expect(inTransaction?.sqlState == .invalidStatementName)
    }

    @Test func aTransactionWhoseStatementsWereForgottenIsRunAgain() async throws {
        let connection = try await connect()
        try await connection.query("SELECT $1::bigint", [.int8(1)])
        try await connection.run(script: "DEALLOCATE ALL")
        let value: Int64 = try await connection.withTransaction(retries: 1) { transaction in
            try await transaction.query("SELECT $1::bigint", [.int8(3)])[0].value(0)
        }
        #expect(value == 3)
    }

    @Test func aStatementIsCancelledThroughAPooler() async throws {
        let observer = try await connect()
        let connection = try await connectByBouncer()
        let task = Task { try await connection.query("SELECT pg_sleep(3600), 'cancelled by bouncer'") }
        let question = """
            SELECT FROM pg_stat_activity
            WHERE state = 'active' AND query LIKE '%cancelled by bouncer%' AND pid <> pg_backend_pid()
            """
        try await eventually("the statement runs") { try await !observer.query(question).isEmpty }
        task.cancel()
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try await observer.query(question).isEmpty)
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test func aCancellationThatComesLateStrikesNobodyBehindAPooler() async throws {
        let connection = try await connectByBouncer()
        let other = try await connectByBouncer()
        for round in 0..<60 {
            let task = Task { try await connection.query("SELECT pg_sleep(0.001)") }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...2_500)))
            task.cancel()
            let (own, others) = (
                try await connection.query("SELECT \(round)"), try await other.query("SELECT \(round), pg_sleep(0.001)")
            )
            #expect(try own[0].value(0) == round && others[0].value(0) == round)
            _ = await postgresError { _ = try await task.value }
        }
    }

    @Test func copyWorksThroughAPooler() async throws {
        let connection = try await connectByBouncer()
        let count = try await connection.withTransaction { transaction in
            try await transaction.run(script: "CREATE TEMPORARY TABLE copied (id bigint) ON COMMIT DROP")
            return try await transaction.copyIn("COPY copied FROM STDIN (FORMAT binary)", rows: 0..<10_000) {
                number, row in
                row.append(.int8(Int64(number)))
            }
        }
        #expect(count == 10_000)
    }
}
