import TestServers
import Testing

@testable import MillracePostgres

@Suite struct PostgresSilenceTests {
    private func connected(by proxy: CutProxy) async throws -> PostgresConnection {
        let url = try await PostgresServer.shared.url(port: proxy.port)
        return try await PostgresConnection.connect(PostgresConfiguration(url, environment: [:]))
    }

    /// A connection whose statement runs and does not end, its process, and who looks at that.
    private func sleeping(
        by proxy: CutProxy
    ) async throws -> (PostgresConnection, Task<PostgresRows, any Error>, process: Int32, PostgresConnection) {
        let connection = try await connected(by: proxy)
        let observer = try await connect()
        let process = try await process(of: connection)
        let task = Task { try await connection.query("SELECT pg_sleep(3600)") }
        try await eventually("the statement runs") { try await sleeps(process, observer) }
        return (connection, task, process, observer)
    }

    @Test func aConnectionThatHasGoneSilentIsDropped() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connection = try await connected(by: proxy)
        try await connection.query("SELECT 1")
        proxy.swallow()
        let delays = Delays()
        let start = ContinuousClock.now
        let error = await postgresError { try await connection.query("SELECT 1") }
        let elapsed = ContinuousClock.now - start
        #expect(error?.code == .connectionLost)
        #expect(error?.mayHaveRun == true)
        #expect(!connection.isUsable)
        // Nothing of what this machine was late by itself meanwhile.
        let late = await delays.end()
        #expect(elapsed - late < .seconds(10), "after \(elapsed), late by \(late)")
        try await proxy.close()
    }

    @Test func silentStatementsAreLookedAfterFromOneConnection() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connections = try await withThrowingTaskGroup(of: PostgresConnection.self) { group in
            for _ in 0..<12 { group.addTask { try await connected(by: proxy) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let before = proxy.accepted
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in connections {
                group.addTask { try await connection.query("SELECT pg_sleep(8)") }
            }
            try await group.waitForAll()
        }
        // Also while it takes long to connect, nobody makes a second.
        #expect((1...2).contains(proxy.accepted - before))
        try await eventually("the last that looks closes it") { proxy.connections == connections.count }
        for connection in connections { #expect(connection.isUsable) }
        try await proxy.close()
    }

    @Test func aSlowStatementIsWaitedForThoughNoSecondConnectionIsLetIn() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let connection = try await connected(by: proxy)
        proxy.refuse()
        #expect(try await connection.query("SELECT pg_sleep(8), 'patience'")[0].value(1) == "patience")
        try await proxy.close()
    }

    @Test func aStatementIsWaitedForOfWhichTheServerTellsNothing() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let (server, user) = (schema.server, "quiet_\(schema.name)")
        try await server.psql(
            "CREATE ROLE \(user) LOGIN PASSWORD '\(server.password)'; ALTER ROLE \(user) SET track_activities = off",
            user: "postgres")
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(server.url(user: user), environment: [:]))
        #expect(try await connection.query("SELECT pg_sleep(8), 'patience'")[0].value(1) == "patience")
        connection.close()
        try await server.psql("DROP ROLE \(user)", user: "postgres")
    }

    @Test func aServersProcessThatIsGoneIsNotWaitedFor() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let (_, task, process, observer) = try await sleeping(by: proxy)
        proxy.silence()
        try await observer.query("SELECT pg_terminate_backend($1)", [.int4(process)])
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .connectionLost, "\(String(reflecting: error))")
        try await proxy.close()
    }

    @Test func anAnswerThatCameIsNotTakenBackByWhoeverHeardNothingBefore() async throws {
        let configuration = try PostgresConfiguration(await PostgresServer.shared.url, environment: [:])
        let session = try await Connector(configuration).connect()
        let (id, first) = await session.start(.script("SELECT 'kept', pg_sleep(10)"), timeout: nil)
        guard case .silent = first else { throw TookTooLong() }
        let heard = try #require(session.lastHeard)
        // Nobody waits now, as while a second connection is made.
        try await eventually("the answer is there") { session.lastHeard != heard }
        #expect(!session.drop("nothing was heard", ifSilentSince: heard))
        session.drop("its network is gone")
        guard case .done(let result) = await session.next(id) else { throw TookTooLong() }
        #expect(try PostgresRows(result)[0].value(0) == "kept")
        #expect(session.failure?.code == .connectionLost)
    }

    @Test func whatTheOtherSideHasNotTakenYetIsKnown() async throws {
        let proxy = try await CutProxy.start(to: PostgresServer.shared.port)
        let url = try await PostgresServer.shared.url(port: proxy.port)
        let session = try await Connector(PostgresConfiguration(url, environment: [:])).connect()
        #expect(session.unsentBytes == 0)
        proxy.hold()
        let task = Task {
            try await StatementRunner(session: session).runUnprepared(
                "SELECT length($1)", [.text(String(repeating: "x", count: 30_000_000))], timeout: nil)
        }
        try await eventually("it waits") { (session.unsentBytes ?? 0) > 0 }
        proxy.pass()
        #expect(try await PostgresRows(task.value)[0].value(0) == 30_000_000)
        #expect(session.unsentBytes == 0)
        session.close()
        #expect(session.unsentBytes == nil)
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
            try await eventually("the statement waits") {
                let rows = try await observer.query(
                    "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", [.int4(process)])
                return !rows.isEmpty
            }
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
        let (connection, task, process, observer) = try await sleeping(by: proxy)
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
