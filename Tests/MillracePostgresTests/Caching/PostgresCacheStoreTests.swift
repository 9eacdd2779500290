import Foundation
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

@Suite("The cache in PostgreSQL")
struct PostgresCacheStoreTests {
    private static let value = CacheValue(bytes: Data([1]))

    @Test("counts a use in accessed_at and access_count, and never while it reads")
    func accesses() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = PostgresCacheStore(temporary.store)
            let key = try CacheKey("k")
            _ = try await store.put(key, Self.value, ttl: .standard)
            let row = """
                SELECT (extract(epoch FROM accessed_at) * 1000000)::bigint, access_count, bytes
                FROM {schema}.cache_entries
                """
            let begin = temporary.clock.now()
            temporary.clock.advance(by: .seconds(5))
            for _ in 0..<3 { _ = try await store.entry(key) }
            _ = try await store.entries([key])
            #expect(try await temporary.psql(row) == "\(begin.microseconds)|0|2")
            let used = temporary.clock.now()
            try await store.record(
                [
                    CacheAccess(key: key, count: 3, lastAt: used),
                    CacheAccess(key: CacheKey("gone"), count: 9, lastAt: used),
                ], counters: [:], of: "default")
            temporary.clock.advance(by: .seconds(60))
            try await store.record([CacheAccess(key: key, count: 2, lastAt: begin)], counters: [:], of: "default")
            #expect(try await temporary.psql(row) == "\(used.microseconds)|5|2")
        }
    }

    @Test("each write, each report and each step of upkeep is one statement, so a process that freezes holds no locks")
    func statements() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = PostgresCacheStore(temporary.store)
            let keys = try (0..<3).map { try CacheKey("\($0)") }
            let holder = CacheID.make(at: temporary.clock.now())
            let limits = try CacheManager.StoreLimits(entries: 1, bytes: nil)
            let accesses = [CacheAccess(key: keys[0], count: 1, lastAt: temporary.clock.now())]
            let version = try await store.newestVersion()
            let calls: [(String, Int, () async throws -> Void)] = [
                ("put", 1, { _ = try await store.put(keys[0], Self.value, ttl: .standard) }),
                ("put again", 1, { _ = try await store.put(keys[0], Self.value, ttl: .standard) }),
                (
                    "fill", 1,
                    { _ = try await store.fill(keys[1], Self.value, ttl: .standard, ifUnchangedSince: version) }
                ),
                ("remove", 1, { _ = try await store.remove(keys[1]) }),
                (
                    "record", 1,
                    { try await store.record(accesses, counters: [.l1: .init(hits: 1)], of: "default") }
                ),
                (
                    "count", 1,
                    {
                        let found = try await store.count()
                        #expect(found == 1)
                    }
                ),
                ("news", 1, { _ = try await store.changes(since: version) }),
                ("first news", 1, { _ = try await store.changes(since: nil) }),
                ("invalidate", 1, { _ = try await store.invalidate(CachePattern("0*")) }),
                (
                    "entry", 1,
                    {
                        let found = try await store.entry(keys[0])
                        #expect(found == nil)
                    }
                ),
                (
                    "entries", 1,
                    {
                        let found = try await store.entries(keys)
                        #expect(found == [])
                    }
                ),
                (
                    "removal of what was invalidated", 1,
                    {
                        let found = try await store.remove(keys[0])
                        #expect(found == false)
                    }
                ),
                ("put again after it", 1, { _ = try await store.put(keys[0], Self.value, ttl: .standard) }),
                (
                    "claim", 1,
                    {
                        let found = try await store.claimRule()
                        #expect(found == nil)
                    }
                ),
                (
                    "purge", 3,
                    {
                        let rules = try await store.rules()
                        let step = try await store.purge(rules[0], limit: 9)
                        #expect(step == CachePurge(removed: 0, isFinished: true))
                    }
                ),
                (
                    "retire", 2,
                    {
                        let rules = try await store.rules()
                        try await store.retire(rules[0])
                    }
                ),
                ("put another", 1, { _ = try await store.put(keys[2], Self.value, ttl: .standard) }),
                // What has expired; how much there is; what is too much.
                (
                    "clean", 3,
                    {
                        let pass = try await store.clean(within: limits, limit: 9, as: holder)
                        #expect(pass?.evicted == 1)
                    }
                ),
            ]
            for (name, count, call) in calls {
                let before = temporary.statements.all.count
                try await call()
                #expect(temporary.statements.all.count - before == count, "\(name)")
            }
        }
    }

    @Test("remembers at least ten thousand writes, and not many more")
    func bounded() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = PostgresCacheStore(temporary.store)
            // As if so much had been written one by one; the next write is the one that looks for what is too old.
            try await temporary.psql(
                """
                INSERT INTO {schema}.cache_changes (version, cache_key) SELECT v, v FROM generate_series(1, 20479) AS v;
                UPDATE {schema}.store_state SET value = '20479' WHERE name = 'cache_version';
                """)
            let newest = try await store.put(CacheKey("k"), Self.value, ttl: .standard).version
            #expect(newest == 20_480)
            #expect(try await store.changes(since: newest - 10_000).writes?.count == 10_000)
            #expect(try await store.changes(since: 1).writes == nil)
            #expect(try await store.fill(CacheKey("new"), Self.value, ttl: .standard, ifUnchangedSince: 1) == nil)
            #expect(try await temporary.psql("SELECT count(*) FROM {schema}.cache_changes") == "16384")
        }
    }

    @Test(
        "versions are seen in the order in which they were given, without a gap, whoever writes",
        arguments: Route.allCases)
    func order(route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            let store = PostgresCacheStore(temporary.store)
            let isDone = Locked(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var seen = try await store.newestVersion()
                    var isLast = false
                    while !isLast {
                        isLast = isDone.withLock { $0 }
                        let changes = try await store.changes(since: seen)
                        // A gap that is filled later would be a write that nobody is told of.
                        #expect(changes.writes?.map(\.version) == Array(seen + 1..<changes.newest + 1))
                        seen = changes.newest
                    }
                    #expect(seen == 160)
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for number in 0..<16 {
                        writers.addTask {
                            for round in 0..<10 {
                                let key = try CacheKey("\(number % 5)")
                                if round % 3 == 2 {
                                    _ = try await store.remove(key)
                                } else {
                                    _ = try await store.put(key, Self.value, ttl: .standard)
                                }
                            }
                        }
                    }
                    try await writers.waitForAll()
                }
                isDone.withLock { $0 = true }
                try await group.waitForAll()
            }
        }
    }

    @Test("a write that fails takes no version")
    func rolledBack() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = PostgresCacheStore(temporary.store)
            let before = try await store.newestVersion()
            try await temporary.psql(
                "ALTER TABLE {schema}.cache_entries ADD CONSTRAINT own_small CHECK (octet_length(value) < 10)")
            let error = await #expect(throws: StoreError.self) {
                try await store.put(CacheKey("k"), CacheValue(bytes: Data(count: 10)), ttl: .standard)
            }
            #expect(error?.code == .conflict)
            #expect(try await store.newestVersion() == before)
            #expect(try await store.changes(since: before).writes == [])
        }
    }

    @Test("what a fill or a removal did not see because it had to wait is looked at again", arguments: [true, false])
    func overtaken(isFill: Bool) async throws {
        try await TemporaryPostgres.with { temporary in
            let store = PostgresCacheStore(temporary.store)
            let (key, schema) = (try CacheKey("k"), temporary.store.schema)
            let version = try await store.newestVersion()
            // A put that is not yet committed, with which the other has to wait.
            let waiter = try await temporary.store.transaction { connection in
                try await connection.execute(
                    "UPDATE \(schema).store_state SET value = (value::bigint + 1)::text WHERE name = 'cache_version'")
                try await connection.execute(
                    "INSERT INTO \(schema).cache_changes (version, cache_key) VALUES ($1, 'k')", [.int8(version + 1)])
                try await connection.execute(
                    """
                    INSERT INTO \(schema).cache_entries
                        (cache_key, value, codec, bytes, version, created_at, expires_at, accessed_at)
                    VALUES ('k', 'x', 0, 2, $1, $2::timestamptz, $2 + interval '1 hour', $2)
                    """, [.int8(version + 1), temporary.store.now])
                let waiter = Task {
                    isFill
                        ? try await store.fill(key, Self.value, ttl: .standard, ifUnchangedSince: version) == nil
                        : try await store.remove(key)
                }
                try await eventually {
                    try await temporary.psql(
                        """
                        SELECT count(*) > 0 FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND query LIKE '%"{schema}".store_state%'
                        """) == "t"
                }
                return waiter
            }
            #expect(try await waiter.value == true)
            #expect(try await store.entry(key)?.value.bytes == (isFill ? Data("x".utf8) : nil))
        }
    }

    @Test("looks for a pattern in the index alone, and no further than its prefix reaches")
    func plan() async throws {
        try await TemporaryPostgres.with { temporary in
            try await temporary.psql(
                """
                INSERT INTO {schema}.cache_entries
                    (cache_key, value, codec, bytes, version, created_at, expires_at, accessed_at)
                SELECT 'user:' || k, 'x', 0, 2, k, now(), now(), now() FROM generate_series(1, 20000) AS k;
                VACUUM ANALYZE {schema}.cache_entries;
                """)
            // Whether the rows are looked at too depends on who else reads the server at this time.
            for (condition, expected) in [
                ("cache_key >= 'user:19' AND cache_key < 'user:1:'", ") AND (cache_key < 'user:1:'"),
                ("cache_key >= ''", "Scan using cache_entries_pkey"),
            ] {
                let plan = try await temporary.psql(
                    """
                    EXPLAIN (COSTS OFF)
                    SELECT cache_key FROM {schema}.cache_entries WHERE \(condition) ORDER BY cache_key LIMIT 1000
                    """)
                #expect(plan.contains("cache_entries_pkey") && plan.contains(expected), "\(plan)")
                #expect(!plan.contains("Seq Scan") && !plan.contains("Filter"), "\(plan)")
            }
        }
    }

    @Test("a host whose clock goes wrong keeps nothing for longer than the server says", arguments: [-3_600, 3_600])
    func skewed(ahead: Int32) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let store = try await PostgresStore(PostgresConfiguration(schema.url))
        let before = SystemWallClock().now()
        let row = EntryRow(askedOf: store)
        let entries = try await store.rows(
            """
            SELECT 'k', ''::bytea, 0, now, now + interval '10 seconds', 1::bigint, now, NULL
            FROM (SELECT now() + $1 * interval '1 second') AS server (now)
            """, [.int4(ahead)]
        ) { try row.entry(&$0) }
        let entry = try #require(entries.first ?? nil)
        #expect(entry.createdAt >= before && entry.createdAt <= SystemWallClock().now())
        #expect(entry.expiresAt - entry.createdAt == .seconds(10))
        await store.close()
        try await schema.drop()
    }
}
