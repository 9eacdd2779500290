internal import GRDB
public import MillraceCore

extension SQLiteCacheStore {
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
                let counters = try CacheReport.counters(&row)
                return try CacheManager(
                    id: id, name: name, limits: limits, counters: counters, version: try row.value())
            }.first
        }
    }

    /// Forgets the settings and counters of a named cache; its values stay.
    public func delete(_ id: CacheID) async throws(StoreError) {
        try await store.write { db in _ = try db.run("DELETE FROM caches WHERE id = ?", [id.sql]) }
    }
}
