internal import GRDB
internal import MillraceCore

/// One step of the removal of what a rule rules out.
///
/// Keys are read and judged by the core while others write; a short transaction then removes those that are meant.
struct CachePurging {
    private let rule: CacheRule
    private let limit: Int
    private let store: SQLiteStore

    init(rule: CacheRule, limit: Int, store: SQLiteStore) {
        self.rule = rule
        self.limit = max(1, limit)
        self.store = store
    }

    func run() async throws(StoreError) -> CachePurge {
        guard let (place, keys) = try await store.read({ db in try keys(in: db) }) else {
            return CachePurge(removed: 0, isFinished: true)
        }
        let next = keys.count < limit ? nil : keys.last?.successor
        let removed = try await store.write { db in try remove(keys, from: place, goingOnAt: next, in: db) }
        return CachePurge(removed: removed ?? 0, isFinished: removed != nil && next == nil)
    }

    /// The next keys, and the place from which on they are; `nil` when nothing is left, or the rule is active no more.
    private func keys(in db: Database) throws -> (place: String, keys: [CacheKey])? {
        let places = try db.rows(
            "SELECT place FROM cache_rules WHERE version = ?", [rule.version]
        ) { try $0.optional(String.self) }
        guard let place = places.first ?? nil else { return nil }
        let range = KeyRange(of: rule.pattern, from: place)
        let keys = try db.rows(
            "SELECT cache_key FROM cache_entries WHERE \(range.condition) ORDER BY cache_key LIMIT ?",
            StatementArguments(range.bounds) + [limit]
        ) { CacheKey(stored: try $0.value()) }
        return (place, keys)
    }

    /// - Returns: how many were removed that had not expired; `nil` when another has gone on meanwhile.
    private func remove(
        _ keys: [CacheKey], from place: String, goingOnAt next: String?, in db: Database
    ) throws -> Int? {
        let now = store.clock.now()
        let isOurs = try db.run(
            "UPDATE cache_rules SET place = ?, lease_until = ? WHERE version = ? AND place = ?",
            [next, (now + CacheManager.upkeepLease).microseconds, rule.version, place])
        guard isOurs == 1 else { return nil }
        let meant = keys.filter { rule.pattern.matches($0) }
        let expiries = try db.rows(
            """
            DELETE FROM cache_entries
            WHERE cache_key IN (SELECT value FROM json_each(?)) AND version < ?
            RETURNING expires_at
            """, [try json(meant.map(\.text)), rule.version]
        ) { try $0.time() }
        return expiries.count { $0 > now }
    }
}
