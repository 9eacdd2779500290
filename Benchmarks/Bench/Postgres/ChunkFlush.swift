import Foundation
import Millrace
import MillracePostgres

/// Settles batches of chunks by sixteen tasks, each those of a processing of its own, beside pgbench with the same
/// statement and the same parameters.
struct ChunkFlush: Benchmark {
    let server: BenchServer

    let name = "chunk-flush-100"

    private static let schema = "chunk_flush"
    private static let size = 100
    private static let batches = 20
    private static let count = size * batches * BenchServer.connections

    func measure(runs: Int) async throws -> Figure {
        let store = try await server.store(Self.schema)
        let worker = WorkerID.make(at: SystemWallClock().now())
        try await PostgresJobQueueRepository(store).register(worker, process: nil, leasedFor: .seconds(36_000))
        let processings = PostgresProcessingRepository(store)
        let chunks = ChunkBatches(processings: processings, worker: worker)
        try await store.pool.withConnection { connection in
            try await connection.run(
                script: """
                    CREATE TABLE \(Self.schema).flushes (
                        client integer, number integer, p1 text, p2 text, p3 text, p4 text, p5 text, p6 text, p7 text,
                        p8 text, PRIMARY KEY (client, number)
                    )
                    """)
        }
        let script = try await script(chunks)
        let pairs = try await pairs(
            runs, ours: { try await flush(try await batches(chunks), by: processings) },
            limit: { try await limit(try await batches(chunks), script, store) })
        await store.close()
        return Figure(name: name, unit: "chunks/s", wanted: 0.5, pairs: pairs)
    }

    private func batches(_ chunks: ChunkBatches) async throws -> [[[ChunkSettlement]]] {
        try await chunks.make(clients: BenchServer.connections, batches: Self.batches, of: Self.size)
    }

    private func flush(
        _ batches: [[[ChunkSettlement]]], by processings: PostgresProcessingRepository
    ) async throws -> Double {
        try await rate(of: Self.count) {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for client in batches {
                    group.addTask {
                        var settled = 0
                        for batch in client {
                            settled += batch.count - (try await processings.settle(batch)).lost.count
                        }
                        return settled
                    }
                }
                return try await group.reduce(0, +)
            }
        }
    }

    private func limit(
        _ batches: [[[ChunkSettlement]]], _ script: String, _ store: PostgresStore
    ) async throws -> Double {
        let result = try JSONText(encoding: ChunkBatches.result).text
        try await store.pool.withConnection { connection in
            try await connection.execute("TRUNCATE \(Self.schema).flushes")
            for (client, batches) in batches.enumerated() {
                for (index, batch) in batches.enumerated() {
                    // As the server writes them: text, since that is all that pgbench can pass on.
                    try await connection.execute(
                        """
                        INSERT INTO \(Self.schema).flushes
                        SELECT $1::integer, $2::integer, $3::uuid[]::text, $4::bigint[]::text,
                               array_fill('completed'::text, ARRAY[$5::integer])::text,
                               array_fill(NULL::timestamptz, ARRAY[$5])::text, array_fill(NULL::text, ARRAY[$5])::text,
                               array_fill($6::jsonb, ARRAY[$5])::text, array_fill(false, ARRAY[$5])::text,
                               array_fill(NULL::text, ARRAY[$5])::text
                        """,
                        [
                            .int4(Int32(client)), .int4(Int32(index + 1)), .uuids(batch.map(\.chunkID.uuid)),
                            .int8s(batch.map(\.token.value)), .int4(Int32(batch.count)), .json(result),
                        ])
                }
            }
        }
        let before = try await settled(store)
        let flushes = try server.pgbench(
            Self.schema, script: script, transactions: Self.batches, variables: ["n": 0])
        let count = try await settled(store) - before
        guard count == Self.count else { throw BenchmarkFailure("\(count) of \(Self.count) chunks were settled") }
        return flushes * Double(Self.size)
    }

    private func settled(_ store: PostgresStore) async throws -> Int {
        let rows = try await store.pool.withConnection { connection in
            try await connection.query(
                "SELECT count(*) FROM \(Self.schema).chunk_tasks WHERE status = 'COMPLETED'")
        }
        return Int(try rows[0].value(0, as: Int64.self))
    }

    /// What pgbench runs: the statement that the store sends, with pgbench's names for the parameters.
    private func script(_ chunks: ChunkBatches) async throws -> String {
        let sent = SentStatements()
        let store = try await sent.store(server, schema: Self.schema)
        let processings = PostgresProcessingRepository(store)
        let batches = try await chunks.make(clients: 1, batches: 1, of: 1)
        var statement = try await sent.statement(naming: "chunk_tasks") {
            _ = try await processings.settle(batches[0][0])
        }
        await store.close()
        statement = statement.replacing(/\$([0-9]+)/) { match in
            // The time, which is the server's own.
            match.1 == "9" ? "NULL" : ":p\(match.1)"
        }
        return try server.limitFile("chunk-flush.sql").replacing("{statement}", with: statement)
    }
}
