internal import MillraceCore

/// Removes what has expired and what is too much, in statements of bounded length.
struct CacheCleaning {
    let store: PostgresStore
    let limits: CacheManager.StoreLimits
    let limit: Int
    let holder: CacheID

    /// What the entries come to, or a part of them.
    private struct Size: Sendable {
        var entries: Int
        var bytes: Int
    }

    /// - Returns: `nil` when another holder has the right to clean.
    func run() async throws(StoreError) -> CacheUpkeep? {
        guard let expired = try await removeExpired() else { return nil }
        guard expired < limit else { return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: true) }
        guard limits.entries != nil || limits.bytes != nil else {
            return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: false)
        }
        // Adding up takes as long as the cache is large, and locks nothing. What is written meanwhile is the next pass's.
        let excess = try await excess()
        guard excess.entries > 0 || excess.bytes > 0 else {
            return CacheUpkeep(expired: expired, evicted: 0, isUnfinished: false)
        }
        let evicted = try await evict(excess)
        let isUnfinished = evicted.entries < excess.entries || evicted.bytes < excess.bytes
        return CacheUpkeep(expired: expired, evicted: evicted.entries, isUnfinished: isUnfinished)
    }

    /// `lease`, with a row when the holder has the right; parameters 1 to 3 are the holder, the length and the time.
    private var lease: String {
        """
        lease AS (
            INSERT INTO \(store.schema).leaders AS l (name, holder, lease_until)
            VALUES ('cache', $1, coalesce($3::timestamptz, now()) + $2::bigint * interval '1 microsecond')
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
                WHERE l.holder = excluded.holder OR l.lease_until <= coalesce($3::timestamptz, now())
            RETURNING name
        )
        """
    }

    private var leaseParameters: [PostgresParameter] {
        [.text(holder.description), .microseconds(CacheManager.upkeepLease), store.now]
    }

    private func removeExpired() async throws(StoreError) -> Int? {
        // Passes over what somebody is writing: he makes it new.
        let counts = try await store.rows(
            """
            WITH \(lease), removed AS (
                DELETE FROM \(store.schema).cache_entries AS e USING lease
                WHERE e.ctid = ANY (ARRAY(
                    SELECT ctid FROM \(store.schema).cache_entries
                    WHERE expires_at <= coalesce($3::timestamptz, now())
                    ORDER BY expires_at LIMIT $4
                    FOR UPDATE SKIP LOCKED
                ))
                RETURNING 1
            )
            SELECT (SELECT count(*) FROM removed) FROM lease
            """, leaseParameters + [.int8(Int64(limit))]
        ) { try $0.value(Int.self) }
        return counts.first
    }

    private func excess() async throws(StoreError) -> Size {
        let sizes = try await store.rows(
            "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM \(store.schema).cache_entries", isIdempotent: true
        ) { Size(entries: try $0.value(), bytes: try $0.value()) }
        guard let size = sizes.first else { return Size(entries: 0, bytes: 0) }
        return Size(
            entries: max(0, size.entries - (limits.entries ?? .max)), bytes: max(0, size.bytes - (limits.bytes ?? .max))
        )
    }

    /// Removes the least recently used until as much is gone; nothing when another has taken over meanwhile.
    private func evict(_ excess: Size) async throws(StoreError) -> Size {
        let sizes = try await store.rows(
            """
            WITH \(lease), oldest AS (
                SELECT ctid, bytes, accessed_at FROM \(store.schema).cache_entries
                ORDER BY accessed_at LIMIT $4
                FOR UPDATE SKIP LOCKED
            ), summed AS (
                SELECT
                    ctid, row_number() OVER earlier - 1 AS entries_before, sum(bytes) OVER earlier - bytes AS bytes_before
                FROM oldest
                WINDOW earlier AS (ORDER BY accessed_at, ctid ROWS UNBOUNDED PRECEDING)
            ), removed AS (
                DELETE FROM \(store.schema).cache_entries AS e USING lease
                WHERE e.ctid = ANY (ARRAY(
                    SELECT ctid FROM summed WHERE entries_before < $5 OR bytes_before < $6
                ))
                RETURNING e.bytes
            )
            SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM removed
            """,
            leaseParameters + [.int8(Int64(limit)), .int8(Int64(excess.entries)), .int8(Int64(excess.bytes))]
        ) { Size(entries: try $0.value(), bytes: try $0.value()) }
        return sizes.first ?? Size(entries: 0, bytes: 0)
    }
}
