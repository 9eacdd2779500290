internal import GRDB
internal import MillraceCore

/// The invalidations that count: what they rule out is not there, though its rows may be.
///
/// A statement that reads entries brings the patterns of the newer rules along, as a column that is nearly always NULL,
/// and the core judges by them: a pattern has one meaning.
enum CacheRules {
    /// The column, for a statement on `cache_entries`.
    static let newer = """
        (SELECT group_concat(pattern, char(10)) FROM cache_rules AS rule WHERE rule.version > cache_entries.version)
        """

    /// Whether the rules in the column ``newer`` leave a key.
    static func leave(_ key: CacheKey, _ row: inout RowReader) throws -> Bool {
        guard let newer = try row.optional(String.self) else { return true }
        return try !CachePattern.matches(key, anyOf: newer)
    }

    /// Makes a rule.
    static func add(_ pattern: CachePattern, at now: Timestamp, in db: Database) throws -> CacheRule {
        // Also when nothing matches: memory elsewhere may have what the store gave up, and loads may be under way.
        let version = try CacheLog.append(.pattern(pattern), in: db)
        try db.run(
            "INSERT INTO cache_rules (version, pattern, made_at, place, lease_until) VALUES (?, ?, ?, ?, ?)",
            [
                version, pattern.text, now.microseconds, pattern.literalPrefix,
                (now + CacheManager.upkeepLease).microseconds,
            ])
        return CacheRule(version: version, pattern: pattern, madeAt: now)
    }

    /// The active rules, in order.
    static func all(in db: Database) throws -> [CacheRule] {
        try db.rows("SELECT version, pattern, made_at FROM cache_rules ORDER BY version", []) { try rule(&$0) }
    }

    /// Takes over the oldest rule whose lease has ended.
    static func claim(at now: Timestamp, in db: Database) throws -> CacheRule? {
        try db.rows(
            """
            UPDATE cache_rules SET lease_until = ?
            WHERE version = (SELECT min(version) FROM cache_rules WHERE lease_until <= ?)
            RETURNING version, pattern, made_at
            """, [(now + CacheManager.upkeepLease).microseconds, now.microseconds]
        ) { try rule(&$0) }.first
    }

    /// How many entries are there that have not expired.
    static func count(at now: Timestamp, in db: Database) throws -> Int {
        let stored = try db.rows(
            "SELECT count(*) FROM cache_entries WHERE expires_at > ?", [now.microseconds]
        ) { try $0.value(Int.self) }[0]
        let rules = try all(in: db)
        return try rules.indices.reduce(stored) { count, index in
            let range = KeyRange(of: rules[index].pattern)
            // What several rules mean is counted with the first of them.
            let ruledOut = try db.rows(
                """
                SELECT cache_key, version FROM cache_entries
                WHERE \(range.condition) AND version < ? AND expires_at > ?
                """, StatementArguments(range.bounds) + [rules[index].version, now.microseconds]
            ) { row in
                let key = CacheKey(stored: try row.value())
                let version = try row.value(Int64.self)
                return rules[...index].firstIndex { $0.rulesOut(key, version: version) } == index
            }
            return count - ruledOut.count { $0 }
        }
    }

    private static func rule(_ row: inout RowReader) throws -> CacheRule {
        let version = try row.value(Int64.self)
        let pattern = try CachePattern(row.value(String.self))
        return CacheRule(version: version, pattern: pattern, madeAt: try row.time())
    }
}

/// Where the keys are that a pattern may mean, as a condition on the primary key of `cache_entries`.
struct KeyRange {
    let condition: String
    let bounds: [String]

    /// From a place on; from the beginning for `nil`.
    init(of pattern: CachePattern, from place: String? = nil) {
        let begin = place ?? pattern.literalPrefix
        if let end = pattern.endOfPrefix {
            condition = "cache_key >= ? AND cache_key < ?"
            bounds = [begin, end]
        } else {
            // Another text, because a bound that may be NULL is no bound to the planner.
            condition = "cache_key >= ?"
            bounds = [begin]
        }
    }
}
