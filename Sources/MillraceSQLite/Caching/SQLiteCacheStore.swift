internal import Foundation
internal import GRDB
public import MillraceCore

/// Cached values in a SQLite file: the third tier and authority of the cache.
public struct SQLiteCacheStore: CacheStore {
    let store: SQLiteStore

    /// Uses an open store.
    public init(_ store: SQLiteStore) {
        self.store = store
    }

    /// Reads an entry that has not expired.
    public func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        let clock = store.clock
        return try await store.read { db in
            try db.rows(
                "SELECT \(Self.columns) FROM cache_entries WHERE cache_key = ? AND expires_at > ?",
                [key.text, clock.now().microseconds]
            ) { try Self.entry(&$0) }.first ?? nil
        }
    }

    /// Reads those of many entries that have not expired.
    public func entries(_ keys: [CacheKey]) async throws(StoreError) -> [CacheEntry] {
        let clock = store.clock
        return try await store.read { db in
            try db.rows(
                """
                SELECT \(Self.columns) FROM cache_entries
                WHERE cache_key IN (SELECT value FROM json_each(?)) AND expires_at > ?
                """, [try json(keys.map(\.text)), clock.now().microseconds]
            ) { try Self.entry(&$0) }
            .compactMap { $0 }
        }
    }

    /// Writes an entry under the store's next version.
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        let clock = store.clock
        return try await store.write { db in try Self.write(key, value, ttl: ttl, at: clock.now(), in: db) }
    }

    /// Writes an entry unless there is one, or its key may have been written since a version.
    public func fill(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, ifUnchangedSince version: Int64
    ) async throws(StoreError) -> CacheEntry? {
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            let present = try db.rows(
                "SELECT \(CacheRules.newer) FROM cache_entries WHERE cache_key = ? AND expires_at > ?",
                [key.text, now.microseconds]
            ) { try CacheRules.leave(key, &$0) }
            guard !present.contains(true), try CacheLog.isUnchanged(key, since: version, in: db) else { return nil }
            return try Self.write(key, value, ttl: ttl, at: now, in: db)
        }
    }

    /// Removes an entry.
    public func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        let clock = store.clock
        return try await store.write { db in
            _ = try CacheLog.append(.key(key), in: db)
            let served = try db.rows(
                "DELETE FROM cache_entries WHERE cache_key = ? RETURNING expires_at, \(CacheRules.newer)", [key.text]
            ) { try $0.time() > clock.now() && CacheRules.leave(key, &$0) }
            return served.contains(true)
        }
    }

    /// Makes a rule.
    public func invalidate(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        let clock = store.clock
        return try await store.write { db in try CacheRules.add(pattern, at: clock.now(), in: db) }
    }

    /// Removes some of what a rule rules out.
    public func purge(_ rule: CacheRule, limit: Int) async throws(StoreError) -> CachePurge {
        try await CachePurging(rule: rule, limit: limit, store: store).run()
    }

    /// Forgets a rule whose purge is finished.
    public func retire(_ rule: CacheRule) async throws(StoreError) {
        try await store.write { db in
            _ = try db.run("DELETE FROM cache_rules WHERE version = ? AND place IS NULL", [rule.version])
        }
    }

    /// The active rules.
    public func rules() async throws(StoreError) -> [CacheRule] {
        try await store.read { db in try CacheRules.all(in: db) }
    }

    /// Takes over the oldest rule at which nobody works.
    public func claimRule() async throws(StoreError) -> CacheRule? {
        let clock = store.clock
        return try await store.write { db in try CacheRules.claim(at: clock.now(), in: db) }
    }

    /// The version of the newest write.
    public func newestVersion() async throws(StoreError) -> Int64 {
        try await store.read { db in try CacheLog.newest(in: db) }
    }

    /// What was written after a version, and the active rules.
    public func changes(since version: Int64?) async throws(StoreError) -> CacheChanges {
        try await store.read { db in try CacheLog.changes(since: version, in: db) }
    }

    /// Adds accesses to entries, and counters to those of a named cache.
    public func record(
        _ accesses: [CacheAccess], counters: [CacheTierName: CacheStats.TierCounters], of cache: String
    ) async throws(StoreError) {
        let id: CacheID = store.makeID(at: store.clock.now())
        try await store.write { db in
            try CacheReport.add(accesses, in: db)
            try CacheReport.add(counters, of: cache, as: id, in: db)
        }
    }

    /// What each tier of a named cache has done.
    public func counters(of cache: String) async throws(StoreError) -> [CacheTierName: CacheStats.TierCounters] {
        try await store.read { db in try CacheReport.counters(of: cache, in: db) }
    }

    /// Removes what has expired and what is too much, unless another holder does.
    public func clean(
        within limits: CacheManager.StoreLimits, limit: Int, as holder: CacheID
    ) async throws(StoreError) -> CacheUpkeep? {
        try await CacheCleaning(store: store, limits: limits, limit: limit, holder: holder).run()
    }

    /// Counts the entries that have not expired.
    public func count() async throws(StoreError) -> Int {
        let clock = store.clock
        return try await store.read { db in try CacheRules.count(at: clock.now(), in: db) }
    }

    private static let columns = """
        cache_key, value, codec, created_at, expires_at, version, \(CacheRules.newer)
        """

    /// - Returns: `nil` for an entry that a rule rules out.
    private static func entry(_ row: inout RowReader) throws -> CacheEntry? {
        let key = CacheKey(stored: try row.value())
        let value = CacheValue(bytes: try row.value(Data.self), codec: CacheValue.Codec(rawValue: try row.value()))
        let entry = CacheEntry(
            key: key, value: value, createdAt: try row.time(), expiresAt: try row.time(), version: try row.value())
        return try CacheRules.leave(key, &row) ? entry : nil
    }

    private static func write(
        _ key: CacheKey, _ value: CacheValue, ttl: TTL, at now: Timestamp, in db: Database
    ) throws -> CacheEntry {
        let entry = CacheEntry(
            key: key, value: value, createdAt: now, expiresAt: now + ttl.duration,
            version: try CacheLog.append(.key(key), in: db))
        try db.run(
            """
            INSERT INTO cache_entries (cache_key, value, codec, version, created_at, expires_at, accessed_at, bytes)
            VALUES (:key, :value, :codec, :version, :created, :expires, :created, :bytes)
            ON CONFLICT (cache_key) DO UPDATE SET
                value = excluded.value, codec = excluded.codec, version = excluded.version,
                created_at = excluded.created_at, expires_at = excluded.expires_at,
                accessed_at = excluded.accessed_at, access_count = 0, bytes = excluded.bytes
            """,
            [
                "key": key.text, "value": value.bytes, "codec": Int(value.codec.rawValue), "version": entry.version,
                "created": now.microseconds, "expires": entry.expiresAt.microseconds,
                "bytes": key.text.utf8.count + value.bytes.count,
            ])
        return entry
    }
}
