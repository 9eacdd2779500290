import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Synchronization
import Testing

@Suite("The cache in a SQLite file")
struct SQLiteCacheStoreTests {
    private let temporary: TemporaryStore
    private let store: SQLiteCacheStore
    private let value = CacheValue(bytes: Data([1]))

    init() throws {
        temporary = try TemporaryStore()
        store = SQLiteCacheStore(temporary.store)
    }

    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await DatabaseQueue(path: temporary.store.path).read(body)
    }

    @Test("counts a use in accessed_at and access_count, and never while it reads")
    func accesses() async throws {
        let key = try CacheKey("k")
        _ = try await store.put(key, value, ttl: .standard)
        let begin = temporary.clock.now()
        temporary.clock.advance(by: .seconds(5))
        for _ in 0..<3 { _ = try await store.entry(key) }
        _ = try await store.entries([key])
        @Sendable func row(_ db: Database) throws -> [Int64] {
            let row = try Row.fetchOne(db, sql: "SELECT accessed_at, access_count, bytes FROM cache_entries")
            return [row?[0] ?? -1, row?[1] ?? -1, row?[2] ?? -1]
        }
        #expect(try await read(row) == [begin.microseconds, 0, 2])
        let used = temporary.clock.now()
        try await store.record(
            [
                CacheAccess(key: key, count: 3, lastAt: used),
                CacheAccess(key: CacheKey("gone"), count: 9, lastAt: used),
            ], counters: [:], of: "default")
        try await store.record([CacheAccess(key: key, count: 2, lastAt: begin)], counters: [:], of: "default")
        #expect(try await read(row) == [used.microseconds, 5, 2])
    }

    @Test("adds up how large it is without keeping others from writing")
    func cleaning() async throws {
        let isWriting = Mutex(false)
        let sums = Mutex<[Bool]>([])
        let removals = Mutex<[Bool]>([])
        let temporary = try TemporaryStore { sql in
            if sql.hasPrefix("BEGIN IMMEDIATE") { isWriting.withLock { $0 = true } }
            if sql.hasPrefix("COMMIT") { isWriting.withLock { $0 = false } }
            if sql.hasPrefix("DELETE FROM cache_entries") { removals.withLock { $0.append(isWriting.withLock { $0 }) } }
            if sql.contains("sum(bytes)") { sums.withLock { $0.append(isWriting.withLock { $0 }) } }
        }
        let store = SQLiteCacheStore(temporary.store)
        for name in ["a", "b", "c"] { _ = try await store.put(CacheKey(name), value, ttl: .standard) }
        let holder = CacheID.make(at: temporary.clock.now())
        for (entries, evicted) in [(3, 0), (1, 2)] {
            let limits = try CacheManager.StoreLimits(entries: entries, bytes: nil)
            #expect(try await store.clean(within: limits, limit: 10, as: holder)?.evicted == evicted)
        }
        #expect(sums.withLock { $0 } == [false, false])
        #expect(removals.withLock { $0 } == [true, true, true])
    }

    @Test("remembers at least ten thousand writes, and not many more")
    func bounded() async throws {
        for part in 0..<3 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<7_000 {
                    group.addTask {
                        _ = try await store.put(CacheKey("\(part)-\(number % 100)"), value, ttl: .standard)
                    }
                }
                try await group.waitForAll()
            }
        }
        let newest = try await store.newestVersion()
        #expect(newest == 21_000)
        #expect(try await store.changes(since: newest - 10_000).writes?.count == 10_000)
        #expect(try await store.changes(since: 1).writes == nil)
        #expect(try await store.fill(CacheKey("new"), value, ttl: .standard, ifUnchangedSince: 1) == nil)
        let kept = try await read { try Int.fetchOne($0, sql: "SELECT count(*) FROM cache_changes") ?? 0 }
        #expect(kept < 18_000)
    }

    @Test("looks for a pattern in the index alone, and no further than its prefix reaches")
    func plan() async throws {
        try await read { db in
            for (condition, expected) in [
                ("cache_key >= 'user:' AND cache_key < 'user;'", "(cache_key>? AND cache_key<?)"),
                ("cache_key >= ''", "(cache_key>?)"),
            ] {
                let plan = try Row.fetchAll(
                    db,
                    sql: """
                        EXPLAIN QUERY PLAN
                        SELECT cache_key FROM cache_entries WHERE \(condition) ORDER BY cache_key LIMIT 1000
                        """)
                let step = plan.map { $0["detail"] as String }
                #expect(
                    step == ["SEARCH cache_entries USING COVERING INDEX sqlite_autoindex_cache_entries_1 \(expected)"])
            }
        }
    }

    @Test("deleting a transcript lists the cached results that go with it")
    func transcripts() async throws {
        let now = temporary.clock.now()
        let processings = SQLiteProcessingRepository(temporary.store)
        let recipe = Recipe(engine: try EngineIdentity(kind: "command"))
        let hash = ContentHash(of: Data("sound".utf8))
        let id = TranscriptID.make(at: now)
        let plan = try ParallelProcessor(
            id: .make(at: now), transcriptID: id,
            source: RecordingSource(path: "/a.wav", hash: hash, sampleCount: 48_000), recipe: recipe,
            chunks: try (0..<3).map { (.make(at: now), try SampleRange(start: $0 * 16_000, end: ($0 + 1) * 16_000)) },
            at: now)
        let transcript = Transcript(
            id: id, source: "/a.wav", hash: hash, durationSeconds: 3, chunkCount: 3, at: now)
        try await processings.start(plan, transcript: transcript)
        let worker = WorkerID.make(at: now)
        try await SQLiteJobQueueRepository(temporary.store).register(worker, process: nil, leasedFor: .seconds(10))
        let chunks = try await processings.claim(upTo: 10, from: ChunkScope(engines: [recipe.engine]), by: worker)
        let keys = [try CacheKey("b"), try CacheKey("a"), try CacheKey("a")]
        for key in keys { _ = try await store.put(key, value, ttl: .standard) }
        _ = try await processings.settle(
            zip(chunks, keys).map { chunk, key in
                ChunkSettlement(chunk.task, .completed(ChunkResult(segments: []), isFromCache: false), cacheKey: key)
            })
        let before = try await store.newestVersion()
        try await SQLiteTranscriptRepository(temporary.store).delete(id, force: true)
        let changes = try await store.changes(since: before)
        #expect(changes.newest == before + 2)
        #expect(changes.writes?.map(\.scope) == [.key(try CacheKey("a")), .key(try CacheKey("b"))])
        #expect(try await store.count() == 0)
    }

    @Test("an invalidation that another process's connection makes is seen by a fill")
    func otherConnection() async throws {
        let other = SQLiteCacheStore(
            try SQLiteStore(
                path: temporary.store.path, options: SQLiteStore.Options(clock: temporary.clock)))
        let version = try await store.newestVersion()
        _ = try await other.removeAll(matching: CachePattern("k*"))
        #expect(try await store.fill(CacheKey("k"), value, ttl: .standard, ifUnchangedSince: version) == nil)
        #expect(try await store.fill(CacheKey("l"), value, ttl: .standard, ifUnchangedSince: version) != nil)
    }
}
