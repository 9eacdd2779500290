import MillracePostgres
import TestServers
import Testing

@Suite struct PostgresSilenceTests {
    private func connected(by proxy: CutProxy) async throws -> PostgresConnection {
        let url = try await PostgresServer.shared.url(port: proxy.port)
        return try await PostgresConnection.connect(PostgresConfiguration(url, environment: [:]))
    }

    @Test func aConnectionThatHasGoneSilentIsDropped() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connection = try await connected(by: proxy)
        try await connection.query("SELECT 1")
        proxy.swallow()
        let start = ContinuousClock.now
        let error = await postgresError { try await connection.query("SELECT 1") }
        #expect(error?.code == .connectionLost)
        #expect(error?.mayHaveRun == true)
        #expect(!connection.isUsable)
        // Within 10 s; as much again for a machine that has other things to do.
        let elapsed = ContinuousClock.now - start
        print("dropped after", elapsed)
        #expect(elapsed < .seconds(20))
        try await proxy.close()
    }

    @Test func anAnswerThatWasLostIsNotWaitedFor() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connection = try await connected(by: proxy)
        // Another than the holder of the lock: in a transaction the server's activity stands still.
        let (observer, holder) = (try await connect(), try await connect())
        let process = try await process(of: connection)
        let lock = PostgresParameter.int8(Int64.random(in: 0...Int64.max))
        let task = try await holder.withTransaction { transaction in
            try await transaction.query("SELECT pg_advisory_xact_lock($1)", [lock])
            let task = Task { try await connection.query("SELECT pg_advisory_xact_lock($1)", [lock]) }
            try await eventually("the statement waits") { try await activity(of: process, observer) == "active" }
            // What comes back is lost, until a second connection is to get through.
            proxy.swallow()
            return task
        }
        try await eventually("the statement has ended") { try await activity(of: process, observer) == "idle" }
        proxy.pass()
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .connectionLost)
        try await proxy.close()
    }

    @Test func aCancelledTaskDoesNotWaitForAServerThatHasGoneSilent() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connection = try await connected(by: proxy)
        let observer = try await connect()
        let process = try await process(of: connection)
        let task = Task { try await connection.query("SELECT pg_sleep(3600)") }
        try await eventually("the statement runs") { try await activity(of: process, observer) == "active" }
        proxy.swallow()
        task.cancel()
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .cancelled)
        // Nobody knows what the server does with it.
        #expect(!connection.isUsable)
        try await observer.query("SELECT pg_terminate_backend($1)", [.int4(process)])
        try await proxy.close()
    }

    @Test func aTransactionThatCannotBeRolledBackEndsAllTheSame() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connection = try await connected(by: proxy)
        let task = Task {
            try await connection.withTransaction { transaction in
                try await transaction.query("SELECT 1")
                proxy.swallow()
                withUnsafeCurrentTask { $0?.cancel() }
                try Task.checkCancellation()
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!connection.isUsable)
        try await proxy.close()
    }

    @Test func aSlowStatementIsWaitedFor() async throws {
        let connection = try await connect()
        let rows = try await connection.query("SELECT pg_sleep(8), 'patience'")
        #expect(try rows[0].value(1) == "patience")
    }

    @Test func aServerThatTakesNoMoreConnectionsIsThereAllTheSame() async throws {
        try await PostgresServer.with { server in
            let connection = try await PostgresConnection.connect(PostgresConfiguration(server.url, environment: [:]))
            let owner = try await PostgresConnection.connect(
                PostgresConfiguration(server.url(user: "postgres"), environment: [:]))
            try await owner.run(script: "ALTER ROLE millrace CONNECTION LIMIT 1")
            #expect(try await connection.query("SELECT pg_sleep(5), 'patience'")[0].value(1) == "patience")
        }
    }

    @Test func aSlowStatementIsWaitedForBehindAPooler() async throws {
        let connection = try await connectByBouncer()
        #expect(try await connection.query("SELECT pg_sleep(5), 'patience'")[0].value(1) == "patience")
    }
}
