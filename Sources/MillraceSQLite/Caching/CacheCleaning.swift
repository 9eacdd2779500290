internal import GRDB
internal import MillraceCore

/// Removes what has expired and what is too much, in transactions of bounded length.
struct CacheCleaning {
    let store: SQLiteStore
    let limits: CacheManager.StoreLimits
    let limit: Int
    let holder: CacheID

    /// What the entries come to.
    private struct Size: Sendable {
        var entries: Int
        var bytes: Int
    }

    /// - Returns: `nil` when another holder has the right to clean.
    func run() async throws(StoreError) -> CacheUpkeep? {
        guard let expired = try await store.write({ db in try removeExpired(in: db) }) else { return nil }
        guard expired < limit else { return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: true) }
        guard limits.entries != nil || limits.bytes != nil else {
            return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: false)
        }
        // Adding up takes as long as the cache is large: nobody who writes waits for that. What is written meanwhile is
        // the next pass's.
        let size = try await store.read { db in try Self.size(in: db) }
        guard isOver(size) else { return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: false) }
        let (evicted, isUnfinished) = try await store.write { db in try evict(from: size, in: db) }
        return CacheUpkeep(expired: expired, evicted: evicted, isUnfinished: isUnfinished)
    }

    private func removeExpired(in db: Database) throws -> Int? {
        let now = store.clock.now()
        guard try takeLease(in: db, at: now) else { return nil }
        return try db.run(
            """
            DELETE FROM cache_entries WHERE rowid IN (
                SELECT rowid FROM cache_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?
            )
            """, [now.microseconds, limit])
    }

    private func takeLease(in db: Database, at now: Timestamp) throws -> Bool {
        try db.run(
            """
            INSERT INTO leaders (name, holder, lease_until) VALUES ('cache', :holder, :until)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
                WHERE leaders.holder = excluded.holder OR leaders.lease_until <= :now
            """,
            [
                "holder": holder.sql, "until": (now + CacheManager.upkeepLease).microseconds,
                "now": now.microseconds,
            ]) == 1
    }

    private static func size(in db: Database) throws -> Size {
        try db.rows(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM cache_entries INDEXED BY idx_cache_used", []
        ) { Size(entries: try $0.value(), bytes: try $0.value()) }[0]
    }

    private func evict(from size: Size, in db: Database) throws -> (evicted: Int, isUnfinished: Bool) {
        // Another that has taken over meanwhile has made room by itself.
        guard try takeLease(in: db, at: store.clock.now()) else { return (0, false) }
        let oldest = try db.rows(
            "SELECT rowid, bytes FROM cache_entries ORDER BY accessed_at LIMIT ?", [limit]
        ) { (row: try $0.value(Int64.self), bytes: try $0.value(Int.self)) }
        var size = size
        var unwanted: [Int64] = []
        for entry in oldest where isOver(size) {
            unwanted.append(entry.row)
            size.entries -= 1
            size.bytes -= entry.bytes
        }
        try db.run(
            "DELETE FROM cache_entries WHERE rowid IN (SELECT value FROM json_each(?))", [try json(unwanted)])
        return (unwanted.count, isOver(size))
    }

    private func isOver(_ size: Size) -> Bool {
        size.entries > limits.entries ?? .max || size.bytes > limits.bytes ?? .max
    }
}
