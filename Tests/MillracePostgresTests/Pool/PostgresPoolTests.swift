import Logging
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

@Suite("A pool before a server")
struct PostgresPoolTests {
    private static func configuration(_ options: [String] = []) async throws -> PostgresConfiguration {
        try PostgresConfiguration(try await PostgresServer.shared.url(options: options))
    }

    private static func backend(of connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT pg_backend_pid()")[0].value(0)
    }

    private static func end(_ backend: Int) async throws {
        let server = try await PostgresServer.shared
        try await server.psql("SELECT pg_terminate_backend(\(backend))")
        try await eventually {
            try await server.psql("SELECT count(*) FROM pg_stat_activity WHERE pid = \(backend)") == "0"
        }
    }

    @Test("fifty callers on ten connections and twenty beyond all succeed")
    func rush() async throws {
        let pool = PostgresPool(try await Self.configuration())
        let backends = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await pool.withConnection { connection in
                        try await connection.query("SELECT pg_backend_pid(), pg_sleep(0.1)")[0].value(0)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(backends.count == 50)
        #expect(Set(backends).count <= 30)
        #expect(pool.state.inUse == 0 && pool.state.waiting == 0)
        await pool.close()
    }

    @Test("the thirty-first caller waits, and gets the connection that comes back first")
    func thirtyFirst() async throws {
        let pool = PostgresPool(try await Self.configuration())
        let holders = Locked<[Int]>([])
        let (end, stop) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await pool.withConnection { connection in
                        let backend = try await Self.backend(of: connection)
                        holders.withLock { $0.append(backend) }
                        for await _ in end { break }
                    }
                }
            }
            try await eventually { holders.withLock { $0.count } == 30 }
            #expect(pool.state.inUse == 30)
            group.addTask {
                let backend = try await pool.withConnection { try await Self.backend(of: $0) }
                let isKnown = holders.withLock { $0.contains(backend) }
                #expect(isKnown)
            }
            try await eventually { pool.state.waiting == 1 }
            #expect(holders.withLock { Set($0).count } == 30)
            // One goes on, and gives its connection to the one that waits.
            stop.yield()
            try await eventually { pool.state.inUse == 29 }
            #expect(pool.state.waits == 1)
            stop.finish()
            try await group.waitForAll()
        }
        await pool.close()
    }

    @Test("a connection that the server has ended is replaced before it is lent")
    func ended() async throws {
        let pool = PostgresPool(try await Self.configuration())
        let first = try await pool.withConnection { try await Self.backend(of: $0) }
        #expect(try await pool.withConnection { try await Self.backend(of: $0) } == first)
        try await Self.end(first)
        #expect(try await pool.withConnection { try await Self.backend(of: $0) } != first)
        #expect(pool.state.idle == 1)
        await pool.close()
    }

    @Test("a connection that breaks while it is in use fails its caller alone")
    func endedInUse() async throws {
        let pool = PostgresPool(try await Self.configuration())
        let error = await #expect(throws: PostgresError.self) {
            try await pool.withConnection { connection in
                _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(30)")
            }
        }
        #expect(error?.sqlState == .adminShutdown || error?.code == .connectionLost, "\(String(reflecting: error))")
        #expect(pool.state.idle == 0 && pool.state.inUse == 0)
        #expect(try await pool.withConnection { try await Self.backend(of: $0) } > 0)
        await pool.close()
    }

    @Test("a connection that was left in a transaction is closed")
    func leftOpen() async throws {
        let pool = PostgresPool(try await Self.configuration())
        let first = try await pool.withConnection { connection in
            try await connection.run(script: "BEGIN")
            return try await Self.backend(of: connection)
        }
        #expect(pool.state.idle == 0)
        #expect(try await pool.withConnection { try await Self.backend(of: $0) } != first)
        await pool.close()
    }

    @Test("a caller that is cancelled in the middle of a statement gives back a connection that is as good as new")
    func cancelled() async throws {
        let pool = PostgresPool(try await Self.configuration())
        let backend = Locked<Int?>(nil)
        let task = Task {
            try await pool.withConnection { connection in
                let own = try await Self.backend(of: connection)
                backend.withLock { $0 = own }
                _ = try await connection.query("SELECT pg_sleep(600)")
            }
        }
        try await eventually { backend.withLock { $0 } != nil }
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        let next = try await pool.withConnection { try await Self.backend(of: $0) }
        #expect(next == backend.withLock { $0 })
        await pool.close()
    }

    @Test("after a restart of the server every connection is replaced, and while it is down callers are told so")
    func restart() async throws {
        try await PostgresServer.with { server in
            let pool = PostgresPool(try PostgresConfiguration(server.url))
            let lent = Locked(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            _ = try await Self.backend(of: connection)
                            lent.withLock { $0 += 1 }
                            try await eventually { lent.withLock { $0 } == 5 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pool.state.idle == 5)
            try await server.stopImmediately()
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { try await Self.backend(of: $0) }
            }
            #expect(error?.code == .connectionFailed)
            try await server.startAgain()
            for _ in 0..<5 { _ = try await pool.withConnection { try await Self.backend(of: $0) } }
            #expect(pool.state.inUse == 0)
            await pool.close()
        }
    }

    @Test("a connection gone silent is found out when it is asked for an answer, and replaced once others get through")
    func silent() async throws {
        let server = try await PostgresServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        let configuration = try PostgresConfiguration(server.url(port: proxy.port))
        let clock = ManualClock()
        // Short only while nobody could answer anyway.
        let patience = Locked(Duration.seconds(60))
        let pool = ConnectionPool(
            options: .standard, name: configuration.description, time: MonotonicTime(clock)
        ) { () async throws(PostgresError) in
            var configuration = configuration
            configuration.connectTimeout = patience.withLock { $0 }
            return try await PostgresConnection.connect(configuration)
        }
        let first = try await pool.withConnection { try await Self.backend(of: $0) }
        proxy.swallow()
        patience.withLock { $0 = .milliseconds(100) }
        clock.advance(by: ConnectionPool<PostgresConnection>.trustedIdleTime)
        let error = await #expect(throws: PostgresError.self) {
            try await pool.withConnection { try await Self.backend(of: $0) }
        }
        #expect(error?.code == .timedOut || error?.code == .connectionFailed, "\(String(reflecting: error))")
        #expect(pool.state.idle == 0 && pool.state.inUse == 0)
        proxy.pass()
        patience.withLock { $0 = .seconds(60) }
        let second = try await pool.withConnection { try await Self.backend(of: $0) }
        #expect(second != first)
        await pool.close()
        try await proxy.close()
    }

    @Test("echo: the text of each statement and how long it took are logged at debug, its values never")
    func echo() async throws {
        let log = StatementLog()
        for isOn in [false, true] {
            let pool = PostgresPool(
                try await Self.configuration(), options: try .init(echo: isOn), logger: log.logger)
            try await pool.withConnection { connection in
                _ = try await connection.query("SELECT $1::text || $1", [.text("quite private")])
            }
            await pool.close()
            #expect(log.all.contains("SELECT $1::text || $1") == isOn)
        }
        #expect(log.durations.count == log.all.count && log.durations.allSatisfy { $0 > 0 })
        #expect(log.everything.allSatisfy { !$0.contains("private") })
    }

    @Test("closing waits for running statements, and leaves the server no connection")
    func drain() async throws {
        let server = try await PostgresServer.shared
        let name = "drain\(UInt64.random(in: 0...UInt64.max))"
        let pool = PostgresPool(try await Self.configuration(["application_name=\(name)"]))
        let running = Locked(0)
        let tasks = (0..<3).map { _ in
            Task {
                try await pool.withConnection { connection in
                    running.withLock { $0 += 1 }
                    return try await connection.query("SELECT pg_sleep(0.5), 7")[0].value(1, as: Int.self)
                }
            }
        }
        try await eventually { running.withLock { $0 } == 3 }
        await pool.close()
        for task in tasks { #expect(try await task.value == 7) }
        try await eventually {
            try await server.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(name)'") == "0"
        }
    }
}
