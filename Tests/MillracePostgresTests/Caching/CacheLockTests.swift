import Foundation
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

/// Who writes to the cache holds one row that all others need, and entries that reports need.
@Suite("The locks of the cache")
struct CacheLockTests {
    private static let value = CacheValue(bytes: Data([1]))

    @Test("a deletion of a transcript that freezes before its commit holds no write up for ever, and is undone")
    func frozen() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = temporary.store
            let cache = PostgresCacheStore(store)
            let id = try await temporary.addRun(.completed, named: "frozen")
            let error = await #expect(throws: StoreError.self) {
                try await store.write { connection in
                    try await TranscriptDelete.delete(id, force: false, on: connection, of: store)
                    // As if its process stood still: it asks for nothing, and does not commit.
                    _ = try await cache.put(CacheKey("other"), Self.value, ttl: .standard)
                }
            }
            #expect(error?.code == .unavailable)
            #expect(try await temporary.runs() == ["frozen"])
            #expect(try await temporary.psql("SELECT count(*) FROM {schema}.cache_entries") == "3")
        }
    }

    @Test("who removes many entries waits in no circle with a report of uses")
    func circle() async throws {
        try await TemporaryPostgres.withOwnServer { temporary in
            let (store, cache) = (temporary.store, PostgresCacheStore(temporary.store))
            for isDeletion in [true, false] {
                let id = try await temporary.addRun(.completed, named: "run")
                // They lie in the order of 1, 0, and the planner knows that they fit one page.
                try await temporary.psql("TRUNCATE {schema}.cache_entries")
                let keys = try ["run:1", "run:0"].map { try CacheKey($0) }
                for key in keys { _ = try await cache.put(key, Self.value, ttl: .standard) }
                try await temporary.psql("ANALYZE {schema}.cache_entries")
                let tasks = try await store.write { connection in
                    // Both wait for the first key; the report is the first to have it.
                    try await connection.execute(
                        "SELECT 1 FROM \(store.schema).cache_entries WHERE cache_key = 'run:0' FOR UPDATE")
                    let accesses = keys.map { CacheAccess(key: $0, count: 1, lastAt: temporary.clock.now()) }
                    let report = Task { try await cache.record(accesses, counters: [:], of: "default") }
                    try await eventually { try await temporary.waiting() == 1 }
                    let removing = Task {
                        if isDeletion {
                            try await PostgresTranscriptRepository(store).delete(id)
                        } else {
                            #expect(try await cache.removeAll(matching: CachePattern("run*")) == 2)
                        }
                    }
                    try await eventually { try await temporary.waiting() == 2 }
                    return [report, removing]
                }
                for task in tasks { try await task.value }
                #expect(try await cache.count() == 0)
                let deadlocks = try await Self.deadlocks(temporary)
                #expect(deadlocks == "0", "\(isDeletion ? "a deletion" : "an invalidation")")
            }
        }
    }

    @Test("puts, reports of uses, invalidations and deletions of transcripts at once never wait in a circle")
    func storm() async throws {
        try await TemporaryPostgres.withOwnServer { temporary in
            let names = (0..<60).map { "run\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 { group.addTask { try await Self.rage(temporary, number, names) } }
                try await group.waitForAll()
            }
            #expect(try await Self.deadlocks(temporary) == "0", "seed \(TestSeed.value)")
        }
    }

    /// The deadlocks that a server has found, for all that use it. Who is thrown out of one asks again by itself.
    private static func deadlocks(_ temporary: TemporaryPostgres) async throws -> String {
        try await temporary.store.execute("SELECT pg_stat_force_next_flush()")
        return try await temporary.psql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'millrace'")
    }

    private static func rage(_ temporary: TemporaryPostgres, _ number: Int, _ names: [String]) async throws {
        var generator = SeededGenerator(seed: TestSeed.value &+ UInt64(number))
        let cache = PostgresCacheStore(temporary.store)
        let transcripts = PostgresTranscriptRepository(temporary.store)
        let keys = try names.flatMap { name in try (0..<2).map { try CacheKey("\(name):\($0)") } }
        for round in 0..<40 {
            switch number {
            case 0..<4:
                // So that entries lie in no order.
                for key in keys.shuffled(using: &generator).prefix(30) {
                    _ = try await cache.put(key, value, ttl: .standard)
                }
            case 4..<8:
                let accesses = keys.shuffled(using: &generator).map {
                    CacheAccess(key: $0, count: 1, lastAt: temporary.clock.now())
                }
                try await cache.record(accesses, counters: [.l1: .init(hits: 1)], of: "default")
            case 8..<10: _ = try await cache.removeAll(matching: CachePattern("run*"))
            default:
                let name = "own\(number)x\(round)"
                let id = try await temporary.addRun(.completed, named: name)
                // Its chunks are those of all others too.
                try await temporary.psql(
                    """
                    INSERT INTO {schema}.chunk_tasks (
                        id, processing_id, chunk_index, start_sample, end_sample, status, completed_at, error_message,
                        cache_key
                    )
                    SELECT {schema}.make_id(now()), task.id, 2 + run * 2 + part, 0, 1, 'FAILED', now(), 'no',
                           'run' || run || ':' || part
                    FROM {schema}.processing_tasks AS task, generate_series(0, 59) AS run, generate_series(0, 1) AS part
                    WHERE task.run_key = '\(name)'
                    """)
                try await transcripts.delete(id)
            }
        }
    }
}
