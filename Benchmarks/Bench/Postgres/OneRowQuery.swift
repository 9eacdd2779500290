import Millrace
import MillracePostgres
import Synchronization

/// Reads one row after the other by sixteen tasks, each on a connection that the pool lends for one statement, beside
/// pgbench with the same statement. Like pgbench's clients, the tasks run in the threads that read the answers.
struct OneRowQuery: Benchmark {
    let server: BenchServer

    let name = "one-row-query"

    private static let rows = 100_000
    private static let time = Duration.seconds(3)
    /// Of each client; about as many as it does in that time.
    private static let transactions = 10_000

    func measure(runs: Int) async throws -> Figure {
        let pool = PostgresPool(
            try PostgresConfiguration(server.url), options: try .init(size: BenchServer.connections))
        let script = try server.limitFile("one-row-query.sql")
        try await pool.withConnection { connection in
            try await connection.run(
                script: """
                    CREATE SCHEMA one_row;
                    CREATE TABLE one_row.accounts (id integer PRIMARY KEY, amount bigint NOT NULL, name text NOT NULL);
                    INSERT INTO one_row.accounts
                    SELECT id, id * 17, 'account ' || id FROM generate_series(1, \(Self.rows)) AS id;
                    """)
            try await connection.run(script: "VACUUM ANALYZE one_row.accounts")
        }
        let turn = Atomic<UInt32>(0)
        let pairs = try await pairs(
            runs,
            ours: {
                try await withTaskExecutorPreference(try pool.executor) {
                    try await rate(for: Self.time) {
                        try await read(pool, turn.wrappingAdd(1, ordering: .relaxed).newValue)
                    }
                }
            },
            limit: { try server.pgbench("one_row", script: script, transactions: Self.transactions) })
        await pool.close()
        return Figure(name: name, unit: "queries/s", wanted: 0.8, pairs: pairs)
    }

    private func read(_ pool: PostgresPool, _ turn: UInt32) async throws {
        // Here and there in the table, without asking the kernel for a random number, which pgbench does not do either.
        let id = Int32(turn &* 2_654_435_769 % UInt32(Self.rows)) + 1
        let rows = try await pool.withConnection { connection in
            try await connection.query("SELECT id, amount, name FROM one_row.accounts WHERE id = $1", [.int4(id)])
        }
        guard let row = rows.first, try row.value(0, as: Int32.self) == id,
            try row.value(1, as: Int64.self) == Int64(id) * 17, try !row.value(2, as: String.self).isEmpty
        else { throw BenchmarkFailure("row \(id) is not what was asked for") }
    }
}
