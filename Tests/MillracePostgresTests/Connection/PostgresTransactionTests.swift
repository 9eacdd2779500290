import MillracePostgres
import TestServers
import Testing

@Suite struct PostgresTransactionTests {
    private struct Refusal: Error {}

    /// Two connections and a table `numbers (id, n)` with the rows 1 and 2, seen by both.
    private func withNumbers<Value>(
        _ body: (PostgresConnection, PostgresConnection, String) async throws -> Value
    ) async throws -> Value {
        let schema = try await PostgresServer.shared.freshSchema()
        let (first, second) = (try await connect(), try await connect())
        try await first.run(
            script: """
                CREATE SCHEMA \(schema.name);
                CREATE TABLE \(schema.name).numbers (id bigint PRIMARY KEY, n bigint NOT NULL);
                INSERT INTO \(schema.name).numbers VALUES (1, 0), (2, 0)
                """)
        return try await body(first, second, "\(schema.name).numbers")
    }

    @Test func whatReturnsIsCommitted() async throws {
        try await withNumbers { first, second, numbers in
            let count = try await first.withTransaction { transaction in
                try await transaction.execute("UPDATE \(numbers) SET n = 5")
            }
            #expect(count == 2)
            #expect(try await second.query("SELECT sum(n)::bigint FROM \(numbers)")[0].value(0) == 10)
        }
    }

    @Test func whatThrowsIsRolledBack() async throws {
        try await withNumbers { first, second, numbers in
            await #expect(throws: Refusal.self) {
                try await first.withTransaction { transaction in
                    try await transaction.execute("UPDATE \(numbers) SET n = 5")
                    throw Refusal()
                }
            }
            #expect(first.isUsable)
            let sum = try await second.query("SELECT sum(n)::bigint FROM \(numbers)")
            #expect(try sum[0].value(0) == 0)
        }
    }

    @Test func aTransactionInATransactionIsASavepoint() async throws {
        try await withNumbers { first, second, numbers in
            try await first.withTransaction { outer in
                try await outer.execute("UPDATE \(numbers) SET n = n + 1 WHERE id = 1")
                try? await outer.withTransaction { inner in
                    try await inner.execute("UPDATE \(numbers) SET n = n + 10")
                    try await inner.execute("SELECT 1 / 0")
                }
                try await outer.withTransaction { inner in
                    try await inner.execute("UPDATE \(numbers) SET n = n + 100 WHERE id = 2")
                }
            }
            let rows = try await second.query("SELECT n FROM \(numbers) ORDER BY id")
            #expect(try rows.map { try $0.value(0, as: Int.self) } == [1, 100])
        }
    }

    @Test func transactionsThatCannotBePutInOrderAreRunAgain() async throws {
        try await withNumbers { first, second, numbers in
            let attempts = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for connection in [first, second] {
                    group.addTask {
                        for _ in 0..<20 {
                            try await connection.withTransaction(isolation: .serializable, retries: 1_000) {
                                transaction in
                                attempts.add()
                                let n: Int64 = try await transaction.query("SELECT n FROM \(numbers) WHERE id = 1")[0]
                                    .value(0)
                                try await transaction.execute(
                                    "UPDATE \(numbers) SET n = $1 WHERE id = 1", [.int8(n + 1)])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await first.query("SELECT n FROM \(numbers) WHERE id = 1")[0].value(0) == 40)
            #expect(attempts.count >= 40)
        }
    }

    @Test func aConflictWithoutRetriesIsThrown() async throws {
        try await withNumbers { first, second, numbers in
            let error = await postgresError {
                try await first.withTransaction(isolation: .repeatableRead, retries: 0) { transaction in
                    try await transaction.query("SELECT n FROM \(numbers)")
                    try await second.execute("UPDATE \(numbers) SET n = 1")
                    try await transaction.execute("UPDATE \(numbers) SET n = 2")
                }
            }
            #expect(error?.sqlState == .serializationFailure)
        }
    }

    @Test func transactionsThatWaitForEachOtherAreRunAgain() async throws {
        try await withNumbers { first, second, numbers in
            let arrived = Counter()
            let attempts = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (connection, ids) in [(first, [1, 2]), (second, [2, 1])] {
                    group.addTask {
                        try await connection.withTransaction { transaction in
                            attempts.add()
                            try await transaction.execute("UPDATE \(numbers) SET n = n + 1 WHERE id = \(ids[0])")
                            arrived.add()
                            try await eventually("the other has its first row") { arrived.count >= 2 }
                            try await transaction.execute("UPDATE \(numbers) SET n = n + 1 WHERE id = \(ids[1])")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(attempts.count == 3)
            #expect(try await first.query("SELECT sum(n)::bigint FROM \(numbers)")[0].value(0) == 4)
        }
    }

    @Test func anErrorThatIsPassedOverIsNotTakenForACommit() async throws {
        try await withNumbers { first, second, numbers in
            let error = await postgresError {
                try await first.withTransaction { transaction in
                    try await transaction.execute("UPDATE \(numbers) SET n = 5")
                    _ = try? await transaction.query("SELECT 1 / 0")
                }
            }
            #expect(error?.code == .transactionAborted)
            #expect(first.isUsable)
            let sum = try await second.query("SELECT sum(n)::bigint FROM \(numbers)")
            #expect(try sum[0].value(0) == 0)
        }
    }

    @Test func aTransactionThatSomebodyElseEndedIsNotTakenForACommit() async throws {
        let connection = try await connect()
        let error = await postgresError {
            try await connection.withTransaction { transaction in
                try await transaction.run(script: "SELECT 1 / 1; ROLLBACK; BEGIN; SELECT 1 / 0")
            }
        }
        #expect(error?.sqlState?.rawValue == "22012")
        #expect(connection.isUsable)
    }

    @Test func theConnectionItselfIsRefusedInItsTransaction() async throws {
        let connection = try await connect()
        let error = await postgresError {
            try await connection.withTransaction { _ in _ = try await connection.query("SELECT 1") }
        }
        #expect(error?.code == .misuse)
        #expect(connection.isUsable)
    }

    @Test func aTransactionsConnectionIsRefusedAfterItsEnd() async throws {
        let connection = try await connect()
        let kept = try await connection.withTransaction { $0 }
        let error = await postgresError { try await kept.query("SELECT 1") }
        #expect(error?.code == .misuse)
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test func othersWaitForTheEndOfATransaction() async throws {
        try await withNumbers { first, _, numbers in
            let task = try await first.withTransaction { transaction in
                let task = Task.detached {
                    try await first.query("SELECT n FROM \(numbers) WHERE id = 1")[0].value(0, as: Int.self)
                }
                try await transaction.execute("UPDATE \(numbers) SET n = 5")
                return task
            }
            #expect(try await task.value == 5)
        }
    }

    @Test func aStatementThatTakesTooLongInATransactionIsTold() async throws {
        let connection = try await connect(options: ["statement_timeout=300ms"])
        let error = await postgresError {
            try await connection.withTransaction { _ = try await $0.query("SELECT pg_sleep(3600)") }
        }
        #expect(error?.code == .timedOut, "\(String(reflecting: error))")
        #expect(connection.isUsable)
    }

    @Test func aTimeoutThatIsLongerThanTheServerKnowsIsNoFailure() async throws {
        let connection = try await connect(options: ["statement_timeout=1000000min"])
        let one = try await connection.withTransaction { try await $0.query("SELECT 1")[0].value(0, as: Int.self) }
        #expect(one == 1)
    }

    @Test func aTaskThatIsCancelledBeforeTheCommitRollsBack() async throws {
        try await withNumbers { first, second, numbers in
            let task = Task {
                try await first.withTransaction { transaction in
                    try await transaction.execute("UPDATE \(numbers) SET n = 5")
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            let error = await postgresError { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(first.isUsable)
            let sum = try await second.query("SELECT sum(n)::bigint FROM \(numbers)")
            #expect(try sum[0].value(0) == 0)
        }
    }
}
