internal import GRDB
internal import MillraceCore

/// Removes the entries that a pattern means, a bounded number in each transaction.
///
/// The pattern is the core's own, applied to the keys of an index range that begins where its literal prefix says.
struct CacheInvalidation {
    /// Keys that are read, and at most removed, at a time.
    static let batch = 1_000

    let pattern: CachePattern
    let store: SQLiteStore

    /// - Returns: how many were removed that had not expired.
    func run() async throws(StoreError) -> Int {
        let pattern = pattern
        // Also when nothing matches: memory elsewhere may have what the store gave up, and loads may be under way.
        let version = try await store.write { db in try CacheLog.append(.pattern(pattern), in: db) }
        var removed = 0
        var place = pattern.literalPrefix
        while true {
            let keys = try await keys(from: place)
            removed += try await remove(keys.filter { pattern.matches($0) }, before: version)
            // The last key comes again as the first of the next batch, so one that holds nothing else is the end.
            guard keys.count == Self.batch, let last = keys.last else { return removed }
            place = last.text
        }
    }

    private func keys(from place: String) async throws(StoreError) -> [CacheKey] {
        let end = pattern.endOfPrefix
        return try await store.read { db in
            // Two statements, because a bound that may be NULL is no bound to the planner.
            if let end {
                try db.rows(
                    """
                    SELECT cache_key FROM cache_entries WHERE cache_key >= ? AND cache_key < ?
                    ORDER BY cache_key LIMIT ?
                    """, [place, end, Self.batch]
                ) { CacheKey(stored: try $0.value()) }
            } else {
                try db.rows(
                    "SELECT cache_key FROM cache_entries WHERE cache_key >= ? ORDER BY cache_key LIMIT ?",
                    [place, Self.batch]
                ) { CacheKey(stored: try $0.value()) }
            }
        }
    }

    private func remove(_ keys: [CacheKey], before version: Int64) async throws(StoreError) -> Int {
        guard !keys.isEmpty else { return 0 }
        let pattern = pattern
        let clock = store.clock
        return try await store.write { db in
            // Anew each time: who read an entry into memory after the last one has to forget it.
            _ = try CacheLog.append(.pattern(pattern), in: db)
            let expiries = try db.rows(
                """
                DELETE FROM cache_entries
                WHERE cache_key IN (SELECT value FROM json_each(?)) AND version < ?
                RETURNING expires_at
                """, [try json(keys.map(\.text)), version]
            ) { try $0.time() }
            return expiries.count { $0 > clock.now() }
        }
    }
}
