import MillracePostgres
import MillraceTesting
import TestServers
import Testing

@Suite struct PostgresCopyTests {
    private struct Refusal: Error {}

    private func connectWithTable() async throws -> PostgresConnection {
        let connection = try await connect()
        try await connection.run(
            script: "CREATE TEMPORARY TABLE things (id bigint PRIMARY KEY, name text, tags text[])")
        return connection
    }

    private static let copy = "COPY things (id, name, tags) FROM STDIN (FORMAT binary)"

    private func count(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT count(*) FROM things")[0].value(0)
    }

    @Test func rowsArriveAsTheyWereWritten() async throws {
        let connection = try await connectWithTable()
        let count = try await connection.copyIn(Self.copy, rows: 1...100_000) { number, row in
            row.append(.int8(Int64(number)))
            row.append(number % 3 == 0 ? .null : .text("name \(number)"))
            row.append(.texts(["a", nil]))
        }
        #expect(count == 100_000)
        let rows = try await connection.query(
            "SELECT count(*), count(name), sum(id)::bigint, count(*) FILTER (WHERE tags = ARRAY['a', NULL]) FROM things"
        )
        #expect(try (0..<4).map { try rows[0].value($0, as: Int.self) } == [100_000, 66_667, 5_000_050_000, 100_000])
    }

    @Test func noRowsAreNoRows() async throws {
        let connection = try await connectWithTable()
        #expect(try await connection.copyIn(Self.copy, rows: [Int]()) { _, _ in } == 0)
        #expect(connection.isUsable)
    }

    @Test func rowsThatComeOneByOneAreStreamed() async throws {
        let connection = try await connectWithTable()
        let rows = AsyncStream<Int> { continuation in
            for number in 0..<1_000 { continuation.yield(number) }
            continuation.finish()
        }
        let stored = try await connection.copyIn(Self.copy, rows: rows) { number, row in
            row.append(.int8(Int64(number)))
            row.append(.null)
            row.append(.null)
        }
        #expect(stored == 1_000)
    }

    @Test func noMoreIsTakenThanTheServerTakes() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let (connection, holder) = (try await connect(), try await connect())
        try await connection.run(
            script:
                "CREATE SCHEMA \(schema.name); CREATE TABLE \(schema.name).things (id bigint PRIMARY KEY, name text)")
        let taken = Counter()
        let name = String(repeating: "x", count: 10_000)
        let total = 6_000
        let task = try await holder.withTransaction { transaction in
            // The server waits for the end of this transaction before it knows whether it may store the first row.
            try await transaction.execute("INSERT INTO \(schema.name).things VALUES (0)")
            let task = Task {
                try await connection.copyIn(
                    "COPY \(schema.name).things FROM STDIN (FORMAT binary)", rows: 0..<total
                ) { number, row in
                    taken.add()
                    row.append(.int8(Int64(number)))
                    row.append(.text(name))
                }
            }
            var last = -1
            try await eventually("no more rows are taken") {
                let now = taken.count
                defer { last = now }
                try await Task.sleep(for: .milliseconds(200))
                return now > 100 && now == last
            }
            // 60 MB do not fit into what lies between.
            #expect(taken.count < total)
            try await transaction.execute("DELETE FROM \(schema.name).things")
            return task
        }
        #expect(try await task.value == total)
    }

    @Test func rowsThatFailTakeTheirPredecessorsAlong() async throws {
        let connection = try await connectWithTable()
        await #expect(throws: Refusal.self) {
            try await connection.copyIn(Self.copy, rows: 0..<100_000) { number, row in
                if number == 90_000 { throw Refusal() }
                row.append(.int8(Int64(number)))
                row.append(.null)
                row.append(.null)
            }
        }
        #expect(connection.isUsable)
        #expect(try await count(connection) == 0)
    }

    @Test func aCancelledCopyStoresNothing() async throws {
        let connection = try await connectWithTable()
        let taken = Counter()
        let task = Task {
            try await connection.copyIn(Self.copy, rows: 0..<Int.max) { number, row in
                taken.add()
                row.append(.int8(Int64(number)))
                row.append(.text("x"))
                row.append(.null)
            }
        }
        try await eventually("rows are taken") { taken.count > 10_000 }
        task.cancel()
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .cancelled)
        #expect(connection.isUsable)
        #expect(try await count(connection) == 0)
    }

    @Test func aCopyThatWaitsForALockCanBeCancelled() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        // The observer is another than the holder: in a transaction the server's activity stands still.
        let (connection, holder, observer) = (try await connect(), try await connect(), try await connect())
        try await connection.run(script: "CREATE SCHEMA \(schema.name); CREATE TABLE \(schema.name).things (id bigint)")
        let process = try await process(of: connection)
        try await holder.withTransaction { transaction in
            try await transaction.execute("LOCK TABLE \(schema.name).things IN EXCLUSIVE MODE")
            let task = Task {
                try await connection.copyIn("COPY \(schema.name).things FROM STDIN (FORMAT binary)", rows: [1]) {
                    number, row in
                    row.append(.int8(Int64(number)))
                }
            }
            try await eventually("it waits") {
                let rows = try await observer.query(
                    "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", [.int4(process)])
                return !rows.isEmpty
            }
            task.cancel()
            let error = await postgresError { _ = try await task.value }
            #expect(error?.code == .cancelled)
        }
        #expect(connection.isUsable)
    }

    @Test func aCopyThatTakesTooLongStoresNothingAndLeavesTheConnectionUsable() async throws {
        let connection = try await connect(options: ["statement_timeout=3s"])
        try await connection.run(script: "CREATE TEMPORARY TABLE things (id bigint)")
        // Longer than a statement that was cancelled may take to end: the rows come slowly, nobody is at fault.
        let rows = AsyncStream<Int> { continuation in
            continuation.yield(1)
            Task {
                try await Task.sleep(for: .seconds(9))
                continuation.yield(2)
                continuation.finish()
            }
        }
        let error = await postgresError {
            _ = try await connection.copyIn("COPY things FROM STDIN (FORMAT binary)", rows: rows) { number, row in
                row.append(.int8(Int64(number)))
            }
        }
        #expect(error?.code == .timedOut, "\(String(reflecting: error))")
        #expect(connection.isUsable)
        #expect(try await count(connection) == 0)
    }

    @Test func whatTheServerRefusesIsItsError() async throws {
        let connection = try await connectWithTable()
        let error = await postgresError {
            _ = try await connection.copyIn(Self.copy, rows: [1, 2, 1]) { number, row in
                row.append(.int8(Int64(number)))
                row.append(.null)
                row.append(.null)
            }
        }
        #expect(error?.sqlState == .uniqueViolation)
        let columns = await postgresError {
            _ = try await connection.copyIn(Self.copy, rows: [1]) { number, row in row.append(.int8(Int64(number))) }
        }
        #expect(columns?.sqlState?.rawValue == "22P04")
        #expect(connection.isUsable)
        #expect(try await count(connection) == 0)
    }

    @Test func anotherStatementThanACopyIsRefused() async throws {
        let connection = try await connect()
        let error = await postgresError { _ = try await connection.copyIn("SELECT 1", rows: [1]) { _, _ in } }
        #expect(error?.code == .misuse)
        #expect(connection.isUsable)
    }

    @Test func whereverACopyIsCutItSaysThatTheConnectionWasLost() async throws {
        let server = try await PostgresServer.shared
        let proxy = try await CutProxy.start(to: server.port)
        var generator = TestSeed.generator()
        for _ in 0..<60 {
            let connection = try await PostgresConnection.connect(
                PostgresConfiguration(server.url(port: proxy.port, options: ["sslmode=disable"])))
            try await connection.run(script: "CREATE TEMPORARY TABLE things (id bigint)")
            proxy.cut(after: Int.random(in: 0...600_000, using: &generator), from: .client)
            let error = await postgresError {
                _ = try await connection.copyIn("COPY things FROM STDIN (FORMAT binary)", rows: 0..<60_000) {
                    number, row in
                    row.append(.int8(Int64(number)))
                }
            }
            #expect(error?.code == .connectionLost)
        }
        try await proxy.close()
    }

    @Test func aConnectionThatIsCutInTheMiddleOfACopyStoresNothing() async throws {
        let server = try await PostgresServer.shared
        let schema = server.freshSchema()
        let proxy = try await CutProxy.start(to: server.port)
        let observer = try await connect()
        try await observer.run(script: "CREATE SCHEMA \(schema.name); CREATE TABLE \(schema.name).things (id bigint)")
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(server.url(port: proxy.port), environment: [:]))
        proxy.cut(after: 300_000, from: .client)
        let error = await postgresError {
            _ = try await connection.copyIn(
                "COPY \(schema.name).things FROM STDIN (FORMAT binary)", rows: 0..<1_000_000
            ) { number, row in row.append(.int8(Int64(number))) }
        }
        #expect(error?.code == .connectionLost)
        #expect(!connection.isUsable)
        #expect(try await observer.query("SELECT FROM \(schema.name).things").isEmpty)
        try await proxy.close()
    }
}
