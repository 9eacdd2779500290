internal import Foundation
public import MillraceCore

/// Cached values in PostgreSQL: the third tier and authority of the cache.
public struct PostgresCacheStore: CacheStore {
    /// A removal that other writes come in between of so often gives up.
    private static let attempts = 1_000

    let store: PostgresStore

    /// Uses an open store.
    public init(_ store: PostgresStore) {
        self.store = store
    }

    private var table: String { "\(store.schema).cache_entries" }

    /// Reads an entry that has not expired.
    public func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        let row = EntryRow(askedOf: store)
        return try await store.rows(
            """
            SELECT \(EntryRow.columns(in: store.schema))
            FROM \(table) AS e, coalesce($2::timestamptz, now()) AS now
            WHERE e.cache_key = $1 AND e.expires_at > now
            """, [.text(key.text), store.now], isIdempotent: true
        ) { try row.entry(&$0) }.first ?? nil
    }

    /// Reads those of many entries that have not expired.
    public func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] {
        let row = EntryRow(askedOf: store)
        return try await store.rows(
            """
            SELECT \(EntryRow.columns(in: store.schema))
            FROM \(table) AS e, coalesce($2::timestamptz, now()) AS now
            WHERE e.cache_key = ANY ($1) AND e.expires_at > now
            """, [.texts(keys.map(\.text)), store.now], isIdempotent: true
        ) { try row.entry(&$0) }
        .compactMap { $0 }
    }

    /// Writes an entry under the store's next version.
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        let entry = EntryWrite(key: key, value: value, ttl: ttl)
        let row = EntryRow(askedOf: store)
        let entries = try await store.rows(
            """
            WITH \(CacheLog.next(in: store.schema, key: "$1")),
            \(EntryWrite.written(in: store.schema))
            SELECT e.created_at, e.expires_at, e.version, now FROM clock, written AS e
            """, entry.parameters(at: store.now),
            // Twice is as good as once: the second has the greater version.
            isIdempotent: true
        ) { try row.written(entry, &$0) }
        guard let entry = entries.first.flatMap({ $0 }) else { throw CacheLog(store: store).lost }
        return entry
    }

    /// Writes an entry unless there is one, or its key may have been written since a version.
    public func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        let entry = EntryWrite(key: key, value: value, ttl: ttl)
        return try await CacheFill(entry: entry, version: version, store: store).run()
    }

    /// Removes an entry.
    public func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        for _ in 0..<Self.attempts {
            if let wasServed = try await removeUnlessOvertaken(key) { return wasServed }
        }
        throw StoreError(.busy, "\(store.name) is written to all the time; try again")
    }

    /// - Returns: `nil` when something was written meanwhile, so that the statement may have missed an entry.
    private func removeUnlessOvertaken(_ key: CacheKey) async throws(StoreError) -> Bool? {
        try await store.rows(
            """
            WITH seen AS (
                SELECT value FROM \(store.schema).store_state WHERE name = 'cache_version'
            ), \(CacheLog.next(in: store.schema, key: "$1", ifSeen: "true")), removed AS (
                DELETE FROM \(table) AS e USING next
                WHERE e.cache_key = $1
                RETURNING e.expires_at > coalesce($2::timestamptz, now()) AS was_served,
                          \(CacheRules.newer(in: store.schema)) AS rules
            )
            SELECT coalesce(was_served, false), rules FROM next LEFT JOIN removed ON true
            """, [.text(key.text), store.now]
        ) { try $0.value(Bool.self) && CacheRules.leave(key, &$0) }.first
    }

    /// Makes a rule.
    public func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        try await CacheRules(store: store).add(pattern)
    }

    /// Removes some of what a rule rules out.
    public func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        try await CachePurging(rule: rule, limit: limit, store: store).run()
    }

    /// Forgets a rule whose purge is finished.
    public func retire(_ rule: CacheRule) async throws(StoreError) {
        try await CacheRules(store: store).retire(rule)
    }

    /// The active rules.
    public func rules() async throws(StoreError) -> [CacheRule] {
        try await CacheRules(store: store).all()
    }

    /// Takes over the oldest rule at which nobody works.
    public func claimRule() async throws(StoreError) -> CacheRule? {
        try await CacheRules(store: store).claim()
    }

    /// The version of the newest write.
    public func newestVersion() async throws(StoreError) -> Int64 {
        try await CacheLog(store: store).newest()
    }

    /// What was written after a version, and the active rules.
    public func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        try await CacheLog(store: store).changes(since: version)
    }

    /// Adds accesses to entries, and counters to those of a named cache.
    public func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError) {
        try await CacheReport(accesses: accesses, counters: counters, cache: cache, store: store).write()
    }

    /// What each tier of a named cache has done.
    public func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters] {
        try await store.rows(
            "SELECT counters FROM \(store.schema).caches WHERE name = $1", [.text(cache)], isIdempotent: true
        ) { try CacheReport.counters(&$0) }.first ?? [:]
    }

    /// Removes what has expired and what is too much, unless another holder does.
    public func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep? {
        try await CacheCleaning(store: store, limits: limits, limit: limit, holder: holder).run()
    }

    /// Counts the entries that have not expired.
    public func count() async throws(StoreError) -> Int {
        try await CacheRules(store: store).count()
    }
}
