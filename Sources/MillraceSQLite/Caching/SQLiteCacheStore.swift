internal import Foundation
internal import GRDB
public import MillraceCore

/// Cached values in a SQLite file: the third tier and authority of the cache.
public struct SQLiteCacheStore: CacheStore {
    private let store: SQLiteStore

    /// Uses an open store.
    public init(_ store: SQLiteStore) {
        self.store = store
    }

    /// Reads an entry that has not expired.
    public func entry(_ key: CacheKey) async throws(StoreError) -> CacheEntry? {
        let clock = store.clock
        return try await store.read { db in
            try db.rows(
                """
                SELECT value, codec, created_at, expires_at, version FROM cache_entries
                WHERE cache_key = ? AND expires_at > ?
                """, [key.text, clock.now().microseconds]
            ) { row in
                let value = CacheValue(
                    bytes: try row.value(Data.self), codec: CacheValue.Codec(rawValue: try row.value()))
                return CacheEntry(
                    key: key, value: value, createdAt: try row.time(), expiresAt: try row.time(),
                    version: try row.value())
            }.first
        }
    }

    /// Writes an entry under the store's next version.
    public func put(_ key: CacheKey, _ value: CacheValue, ttl: TTL) async throws(StoreError) -> CacheEntry {
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            // One sequence for all keys: a version must not come again after a key was deleted and put anew.
            let version = try db.rows(
                """
                UPDATE store_state SET value = CAST(value AS INTEGER) + 1 WHERE name = 'cache_version'
                RETURNING CAST(value AS INTEGER)
                """, []
            ) { try $0.value(Int64.self) }
            guard let version = version.first else {
                throw StoreError(.corrupted, "the store has lost the sequence of its cache")
            }
            let entry = CacheEntry(
                key: key, value: value, createdAt: now, expiresAt: now + ttl.duration, version: version)
            try db.run(
                """
                INSERT INTO cache_entries (cache_key, value, codec, version, created_at, expires_at)
                VALUES (:key, :value, :codec, :version, :created, :expires)
                ON CONFLICT (cache_key) DO UPDATE SET
                    value = excluded.value, codec = excluded.codec, version = excluded.version,
                    created_at = excluded.created_at, expires_at = excluded.expires_at,
                    accessed_at = NULL, access_count = 0
                """,
                [
                    "key": key.text, "value": value.bytes, "codec": Int(value.codec.rawValue), "version": version,
                    "created": now.microseconds, "expires": entry.expiresAt.microseconds,
                ])
            return entry
        }
    }

    /// Removes an entry.
    public func remove(_ key: CacheKey) async throws(StoreError) -> Bool {
        let clock = store.clock
        return try await store.write { db in
            let expiries = try db.rows(
                "DELETE FROM cache_entries WHERE cache_key = ? RETURNING expires_at", [key.text]
            ) { try $0.time() }
            return expiries.contains { $0 > clock.now() }
        }
    }

    /// Counts the entries that have not expired.
    public func count() async throws(StoreError) -> Int {
        let clock = store.clock
        return try await store.read { db in
            try db.rows(
                "SELECT count(*) FROM cache_entries WHERE expires_at > ?", [clock.now().microseconds]
            ) { try $0.value(Int.self) }[0]
        }
    }

    /// Writes the settings and counters of a named cache.
    public func save(_ aggregate: CacheManager) async throws(StoreError) {
        try await store.write { db in
            let counters = Dictionary(
                uniqueKeysWithValues: aggregate.counters.map { ($0.key.rawValue, $0.value) })
            let changed = try db.run(
                """
                INSERT INTO caches (id, name, limits, counters, version)
                SELECT :id, :name, :limits, :counters, 1
                WHERE (:version = 0 OR EXISTS (SELECT 1 FROM caches WHERE id = :id))
                  AND NOT EXISTS (SELECT 1 FROM caches WHERE name = :name AND id <> :id)
                ON CONFLICT (id) DO UPDATE SET
                    name = excluded.name, limits = excluded.limits, counters = excluded.counters,
                    version = caches.version + 1
                    WHERE caches.version = :version
                """,
                [
                    "id": aggregate.id.sql, "name": aggregate.name, "limits": json(aggregate.limits),
                    "counters": json(counters), "version": aggregate.version,
                ])
            guard changed == 1 else {
                throw StoreError(.conflict, "cache \(aggregate.name) changed in the meantime; load again and retry")
            }
        }
    }

    /// Reads the settings and counters of a named cache.
    public func load(_ id: CacheID) async throws(StoreError) -> CacheManager? {
        try await store.read { db in
            try db.rows("SELECT name, limits, counters, version FROM caches WHERE id = ?", [id.sql]) { row in
                let name = try row.value(String.self)
                let limits = try row.json(CacheManager.Limits.self)
                let counters = try row.json([String: CacheStats.TierCounters].self)
                let byTier = counters.compactMap { name, value in CacheTierName(rawValue: name).map { ($0, value) } }
                return try CacheManager(
                    id: id, name: name, limits: limits, counters: Dictionary(uniqueKeysWithValues: byTier),
                    version: try row.value())
            }.first
        }
    }

    /// Forgets the settings and counters of a named cache; its values stay.
    public func delete(_ id: CacheID) async throws(StoreError) {
        try await store.write { db in _ = try db.run("DELETE FROM caches WHERE id = ?", [id.sql]) }
    }
}
