import MillracePostgres
import TestServers
import Testing

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

    @Test func aStatementThatTheServerDoesNotKnowTurnsPreparingOff() async throws {
        let connection = try await connect()
        #expect(try await connection.query("SELECT $1::bigint", [.int8(1)])[0].value(0) == 1)
        // As a pooler does that gives the session another server: SQLSTATE 26000.
        try await connection.run(script: "DEALLOCATE ALL")
        #expect(try await connection.query("SELECT $1::bigint", [.int8(2)])[0].value(0) == 2)
        #expect(try await connection.query("SELECT FROM pg_prepared_statements").isEmpty)
    }

    @Test func aNameThatTheServerKnowsAlreadyTurnsPreparingOff() async throws {
        let connection = try await connect()
        // As a pooler does whose server was another's before: SQLSTATE 42P05.
        try await connection.run(script: "PREPARE m1 AS SELECT 5")
        #expect(try await connection.query("SELECT $1::bigint", [.int8(2)])[0].value(0) == 2)
        #expect(try await connection.query("SELECT count(*) FROM pg_prepared_statements")[0].value(0) == 1)
    }

    @Test func aTransactionThatFindsAPoolerIsRunAgain() async throws {
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
