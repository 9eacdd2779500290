internal import MillraceCore

/// The invalidations that count: what they rule out is not there, though its rows may be.
///
/// A statement that reads entries brings the patterns of the newer rules along, as a column that is nearly always NULL,
/// and the core judges by them: a pattern has one meaning.
struct CacheRules {
    let store: PostgresStore

    /// The column, for a statement on entries `e`.
    static func newer(in schema: String) -> String {
        "(SELECT string_agg(r.pattern, E'\\n') FROM \(schema).cache_rules AS r WHERE r.version > e.version)"
    }

    /// Whether the rules in the column ``newer(in:)`` leave a key.
    static func leave(_ key: CacheKey, _ row: inout RowReader) throws -> Bool {
        guard let newer = try row.optional(String.self) else { return true }
        return try !CachePattern.matches(key, anyOf: newer)
    }

    private var table: String { "\(store.schema).cache_rules" }

    /// Makes a rule.
    func add(_ pattern: CachePattern) async throws(StoreError) -> CacheRule {
        // Also when nothing matches: memory elsewhere may have what the store gave up, and loads may be under way.
        let rules = try await store.rows(
            """
            WITH \(CacheLog.next(in: store.schema, pattern: "$1")), made AS (
                INSERT INTO \(table) (version, pattern, made_at, place, lease_until)
                SELECT version, $1, now, $2, now + $3::bigint * interval '1 microsecond'
                FROM next, coalesce($4::timestamptz, now()) AS now
                RETURNING version, pattern, made_at
            )
            SELECT version, pattern, made_at FROM made
            """,
            [.text(pattern.text), .text(pattern.literalPrefix), .microseconds(CacheManager.upkeepLease), store.now],
            // Two rules are as good as one; somebody will claim the other.
            isIdempotent: true
        ) { try Self.rule(&$0) }
        guard let rule = rules.first else { throw CacheLog(store: store).lost }
        return rule
    }

    /// The active rules, in order.
    func all() async throws(StoreError) -> [CacheRule] {
        try await store.rows(
            "SELECT version, pattern, made_at FROM \(table) ORDER BY version", isIdempotent: true
        ) { try Self.rule(&$0) }
    }

    /// Forgets a rule whose purge is finished.
    func retire(_ rule: CacheRule) async throws(StoreError) {
        try await store.execute(
            "DELETE FROM \(table) WHERE version = $1 AND place IS NULL", [.int8(rule.version)], isIdempotent: true)
    }

    /// Takes over the oldest rule whose lease has ended.
    func claim() async throws(StoreError) -> CacheRule? {
        try await store.rows(
            """
            UPDATE \(table) SET lease_until = now + $1::bigint * interval '1 microsecond'
            FROM coalesce($2::timestamptz, now()) AS now
            WHERE version = (
                SELECT version FROM \(table)
                WHERE lease_until <= coalesce($2::timestamptz, now())
                ORDER BY version LIMIT 1
                FOR UPDATE SKIP LOCKED
            )
            RETURNING version, pattern, made_at
            """, [.microseconds(CacheManager.upkeepLease), store.now]
        ) { try Self.rule(&$0) }.first
    }

    /// How many entries are there that have not expired. One statement where there are no rules.
    func count() async throws(StoreError) -> Int {
        let counts = try await store.rows(
            """
            SELECT count(*), EXISTS (SELECT 1 FROM \(table))
            FROM \(store.schema).cache_entries
            WHERE expires_at > coalesce($1::timestamptz, now())
            """, [store.now], isIdempotent: true
        ) { (stored: try $0.value(Int.self), hasRules: try $0.value(Bool.self)) }
        guard var count = counts.first?.stored else { return 0 }
        guard counts[0].hasRules else { return count }
        let rules = try await all()
        for index in rules.indices { count -= try await ruledOut(rules[...index]) }
        // Some may have been removed between the statements.
        return max(0, count)
    }

    /// How many entries that have not expired the last of some rules rules out, and none before it.
    private func ruledOut(_ rules: ArraySlice<CacheRule>) async throws(StoreError) -> Int {
        guard let rule = rules.last else { return 0 }
        var count = 0
        var place = rule.pattern.literalPrefix
        while true {
            let range = KeyRange(of: rule.pattern, from: "$3", endParameter: 4)
            let entries = try await store.rows(
                """
                SELECT cache_key, version FROM \(store.schema).cache_entries
                WHERE \(range.condition) AND version < $1 AND expires_at > coalesce($2::timestamptz, now())
                ORDER BY cache_key LIMIT \(Self.page)
                """, [.int8(rule.version), store.now, .text(place)] + range.end, isIdempotent: true
            ) { (key: CacheKey(stored: try $0.value()), version: try $0.value(Int64.self)) }
            count += entries.count { entry in
                rules.first { $0.rulesOut(entry.key, version: entry.version) } == rule
            }
            guard entries.count == Self.page, let last = entries.last else { return count }
            place = last.key.successor
        }
    }

    /// Entries that are looked at with each statement.
    private static let page = 10_000

    private static func rule(_ row: inout RowReader) throws -> CacheRule {
        let version = try row.value(Int64.self)
        let pattern = try CachePattern(row.value(String.self))
        return CacheRule(version: version, pattern: pattern, madeAt: try row.time())
    }
}
