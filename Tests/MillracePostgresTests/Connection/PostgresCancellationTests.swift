import MillracePostgres
import TestServers
import Testing

@Suite struct PostgresCancellationTests {
    @Test func aCancelledTaskCancelsItsStatementOnTheServer() async throws {
        let observer = try await connect()
        let connection = try await connect()
        let process = try await process(of: connection)
        let task = Task { try await connection.query("SELECT pg_sleep(3600)") }
        try await eventually("the statement runs") { try await sleeps(process, observer) }
        task.cancel()
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try await activity(of: process, observer) == "idle")
        #expect(connection.isUsable)
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMPORARY SEQUENCE turns")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await connection.query("SELECT nextval('turns')")
        }
        let error = await postgresError { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try await connection.query("SELECT nextval('turns')")[0].value(0) == 1)
    }

    @Test func aCancellationThatComesLateDoesNotStrikeTheNextStatement() async throws {
        let connection = try await connect()
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed", seed)
        var generator = SplitMix(state: seed)
        for round in 0..<300 {
            let task = Task { try await connection.query("SELECT pg_sleep(0.0005)") }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...1_500, using: &generator)))
            task.cancel()
            // The statement after it must never be the one that is cancelled.
            let next = try await connection.query("SELECT \(round), pg_sleep(0.0002)")
            #expect(try next[0].value(0) == round)
            _ = await postgresError { _ = try await task.value }
        }
        #expect(connection.isUsable)
    }

    @Test func aConnectionThatIsMadeWhenNobodyWantsItAnyMoreIsClosed() async throws {
        let observer = try await connect()
        let name = "late-\(UInt32.random(in: 0...UInt32.max))"
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed", seed)
        var generator = SplitMix(state: seed)
        for _ in 0..<60 {
            let task = Task { _ = try await connect(options: ["application_name=\(name)"]) }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...20_000, using: &generator)))
            task.cancel()
            _ = await postgresError { try await task.value }
        }
        try await eventually("the server has none of them any more") {
            try await observer.query("SELECT FROM pg_stat_activity WHERE application_name = $1", [.text(name)]).isEmpty
        }
    }

    @Test func aTransactionThatIsCancelledAtAnyMomentIsDoneOrNotDone() async throws {
        let connection = try await connect(options: ["statement_timeout=60s"])
        try await connection.run(script: "CREATE TEMPORARY TABLE rounds (round bigint PRIMARY KEY)")
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed", seed)
        var generator = SplitMix(state: seed)
        for round in 0..<200 {
            let task = Task {
                try await connection.withTransaction { transaction in
                    try await transaction.execute("INSERT INTO rounds VALUES ($1)", [.int8(Int64(round))])
                }
            }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...3_000, using: &generator)))
            task.cancel()
            let isDone = (try? await task.value) != nil
            #expect(connection.isUsable)
            let found = try await connection.query("SELECT FROM rounds WHERE round = $1", [.int8(Int64(round))])
            #expect(isDone == !found.isEmpty)
        }
    }

    @Test func aWaiterThatIsCancelledLeavesTheQueue() async throws {
        let observer = try await connect()
        let connection = try await connect()
        let process = try await process(of: connection)
        let holder = Task { try await connection.query("SELECT pg_sleep(3600)") }
        try await eventually("the statement runs") { try await sleeps(process, observer) }
        let waiter = Task { try await connection.query("SELECT 1") }
        waiter.cancel()
        let error = await postgresError { _ = try await waiter.value }
        #expect(error?.code == .cancelled)
        #expect(try await sleeps(process, observer))
        holder.cancel()
        _ = await postgresError { _ = try await holder.value }
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test func aStatementThatTakesTooLongIsCancelledAndSaysSo() async throws {
        let connection = try await connect(options: ["statement_timeout=3s"])
        let error = await postgresError { try await connection.query("SELECT pg_sleep(3600)") }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("statement_timeout") == true)
        #expect(connection.isUsable)
        #expect(try await connection.query("SELECT 1")[0].value(0) == 1)
    }

    @Test func theTimeOfAStatementAlsoHoldsOnTheServerInATransaction() async throws {
        let connection = try await connect(options: ["statement_timeout=7s"])
        let shown = try await connection.withTransaction {
            try await $0.query("SHOW statement_timeout")[0].value(0, as: String.self)
        }
        #expect(shown == "8s")
        // Not beyond the transaction: a pooler would give it to others.
        #expect(try await connection.query("SHOW statement_timeout")[0].value(0) == "0")
    }

    @Test func aServerThatIsKilledInTheMiddleOfAStatementLosesTheConnection() async throws {
        let observer = try await connect()
        let connection = try await connect()
        let process = try await process(of: connection)
        let task = Task { try await connection.query("SELECT pg_sleep(3600)") }
        try await eventually("the statement runs") { try await sleeps(process, observer) }
        try await observer.query("SELECT pg_terminate_backend($1)", [.int4(process)])
        let error = await postgresError { _ = try await task.value }
        #expect(error?.code == .connectionLost)
        #expect(error?.sqlState == .adminShutdown)
        #expect(error?.mayHaveRun == true)
        #expect(error?.message.contains("\n") == false)
        #expect(!connection.isUsable)
    }
}

/// Random numbers that can be had again by their seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
