public import MillraceCore

extension PostgresCacheStore {
    /// Writes the settings and counters of a named cache.
    public func save(_ aggregate: CacheManager) async throws(StoreError) {
        let schema = store.schema
        let changed = try await store.execute(
            """
            INSERT INTO \(schema).caches AS c (id, name, limits, counters, version)
            SELECT $1, $2, $3, $4, 1
            WHERE ($5::bigint = 0 OR EXISTS (SELECT 1 FROM \(schema).caches WHERE id = $1))
              AND NOT EXISTS (SELECT 1 FROM \(schema).caches WHERE name = $2 AND id <> $1)
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, limits = excluded.limits, counters = excluded.counters, version = c.version + 1
                WHERE c.version = $5
            """,
            [
                .id(aggregate.id), .text(aggregate.name), .json(encoding: aggregate.limits),
                CacheReport.json(aggregate.counters), .int8(aggregate.version),
            ])
        guard changed == 1 else {
            throw StoreError(.conflict, "cache \(aggregate.name) changed in the meantime; load again and retry")
        }
    }

    /// Reads the settings and counters of a named cache.
    public func load(_ id: CacheID) async throws(StoreError) -> CacheManager? {
        try await store.rows(
            "SELECT name, limits, counters, version FROM \(store.schema).caches WHERE id = $1", [.id(id)],
            isIdempotent: true
        ) { row in
            let name = try row.value(String.self)
            let limits = try row.json(CacheManager.Limits.self)
            let counters = try CacheReport.counters(&row)
            return try CacheManager(id: id, name: name, limits: limits, counters: counters, version: try row.value())
        }.first
    }

    /// Forgets the settings and counters of a named cache; its values stay.
    public func delete(_ id: CacheID) async throws(StoreError) {
        try await store.execute(
            "DELETE FROM \(store.schema).caches WHERE id = $1", [.id(id)], isIdempotent: true)
    }
}
