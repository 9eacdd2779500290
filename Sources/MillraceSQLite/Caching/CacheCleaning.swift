internal import GRDB
internal import MillraceCore

/// Removes what has expired and what is too much, in one transaction of bounded length.
struct CacheCleaning {
    let limits: CacheManager.StoreLimits
    let limit: Int
    let holder: CacheID

    /// - Returns: `nil` when another holder has the right to clean.
    func run(in db: Database, at now: Timestamp) throws -> CacheUpkeep? {
        guard try takeLease(in: db, at: now) else { return nil }
        let expired = try db.run(
            """
            DELETE FROM cache_entries WHERE rowid IN (
                SELECT rowid FROM cache_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?
            )
            """, [now.microseconds, limit])
        guard expired < limit else { return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: true) }
        let (evicted, isOver) = try evict(in: db)
        return CacheUpkeep(expired: expired, evicted: evicted, isUnfinished: isOver)
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

    private func evict(in db: Database) throws -> (evicted: Int, isOver: Bool) {
        guard limits.entries != nil || limits.bytes != nil else { return (0, false) }
        var (entries, bytes) = try db.rows(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM cache_entries INDEXED BY idx_cache_used", []
        ) { (try $0.value(Int.self), try $0.value(Int.self)) }[0]
        guard isOver(entries, bytes) else { return (0, false) }
        let oldest = try db.rows(
            "SELECT rowid, bytes FROM cache_entries ORDER BY accessed_at LIMIT ?", [limit]
        ) { (row: try $0.value(Int64.self), bytes: try $0.value(Int.self)) }
        var unwanted: [Int64] = []
        for entry in oldest where isOver(entries, bytes) {
            unwanted.append(entry.row)
            entries -= 1
            bytes -= entry.bytes
        }
        try db.run(
            "DELETE FROM cache_entries WHERE rowid IN (SELECT value FROM json_each(?))", [try json(unwanted)])
        return (unwanted.count, isOver(entries, bytes))
    }

    private func isOver(_ entries: Int, _ bytes: Int) -> Bool {
        entries > limits.entries ?? .max || bytes > limits.bytes ?? .max
    }
}
