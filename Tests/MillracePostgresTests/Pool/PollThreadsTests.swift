import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

@Suite("The threads that read what servers answer")
struct PollThreadsTests {
    private static func pool() async throws -> PostgresPool {
        PostgresPool(try PostgresConfiguration(try await PostgresServer.shared.url()))
    }

    private static var isOnThem: Bool { (try? PollThreads.shared().isCurrent) ?? false }

    @Test("a task that prefers them runs on them, before a query and after it, and one that does not runs elsewhere")
    func preference() async throws {
        let pool = try await Self.pool()
        let query = { @Sendable in
            let before = Self.isOnThem
            _ = try await pool.withConnection { try await $0.query("SELECT 1") }
            return (before, Self.isOnThem)
        }
        let preferring = try await withTaskExecutorPreference(try pool.executor) {
            try await withThrowingTaskGroup(of: (Bool, Bool).self) { group in
                for _ in 0..<100 { group.addTask(operation: query) }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(preferring.count == 100 && preferring.allSatisfy { $0 == (true, true) })
        let plain = try await Task(operation: query).value
        #expect(plain == (false, false))
        await pool.close()
    }

    @Test("tasks that never wait for a server do not keep answers from those who do")
    func computing() async throws {
        let pool = try await Self.pool()
        let isDone = Locked(false)
        try await withTaskExecutorPreference(try pool.executor) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { while !isDone.withLock({ $0 }) { await Task.yield() } }
                }
                for _ in 0..<200 { _ = try await pool.withConnection { try await $0.query("SELECT 1") } }
                isDone.withLock { $0 = true }
                try await group.waitForAll()
            }
        }
        await pool.close()
    }

    @Test("a query of a task on them is cancelled with it, and the connection goes on")
    func cancellation() async throws {
        let pool = try await Self.pool()
        try await withTaskExecutorPreference(try pool.executor) {
            let query = Task {
                try await pool.withConnection { try await $0.query("SELECT pg_sleep(60)") }
            }
            try await eventually { pool.state.inUse == 1 }
            query.cancel()
            let error = await #expect(throws: PostgresError.self) { try await query.value }
            #expect(error?.code == .cancelled)
            let one: Int = try await pool.withConnection { try await $0.query("SELECT 1")[0].value(0) }
            #expect(one == 1)
        }
        await pool.close()
    }
}
