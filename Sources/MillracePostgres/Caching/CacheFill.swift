internal import MillraceCore

/// Writes an entry that was made from what was known at a version, unless its key may have been written since.
///
/// One statement writes when nothing that it sees speaks against it and nothing was written while it looked. Patterns
/// are judged by the core: they are read, and the statement is told up to which they do not matter, and which entry
/// does not because a rule rules it out.
struct CacheFill {
    /// A fill that other writes come in between of so often is given up: a cache may do without a value.
    private static let attempts = 100

    let entry: EntryWrite
    let version: Int64
    let store: PostgresStore

    private enum Attempt: Sendable {
        case written(CacheEntry)
        /// There is an entry of this version, which an active rule rules out.
        case ruledOut(Int64)
        case refused, untriedPatterns, overtaken
    }

    /// - Returns: `nil` when nothing was written.
    func run() async throws(StoreError) -> CacheEntry? {
        var tried = version
        var ruledOut: Int64 = 0
        for _ in 0..<Self.attempts {
            switch try await attempt(tried: tried, ruledOut: ruledOut) {
            case .written(let entry): return entry
            case .refused: return nil
            case .overtaken: continue
            case .ruledOut(let version): ruledOut = version
            case .untriedPatterns:
                let patterns = try await CacheLog(store: store).patterns(since: tried)
                guard patterns.allSatisfy({ !$0.pattern.matches(entry.key) }) else { return nil }
                tried = patterns.last?.version ?? tried
            }
        }
        return nil
    }

    /// Goes by the word that no pattern up to a version means the key, and that an entry up to another is not there.
    private func attempt(tried: Int64, ruledOut: Int64) async throws(StoreError) -> Attempt {
        let schema = store.schema
        let row = EntryRow(askedOf: store)
        let next = CacheLog.next(
            in: schema, key: "$1", ifSeen: "NOT (seen.is_refused OR seen.is_untried) AND seen.present IS NULL")
        let attempts = try await store.rows(
            """
            WITH seen AS (
                SELECT
                    s.value,
                    s.value::bigint < $7
                        OR (s.value::bigint > $7 AND
                            coalesce((SELECT min(version) FROM \(schema).cache_changes) > $7 + 1, true))
                        OR EXISTS (SELECT 1 FROM \(schema).cache_changes WHERE version > $7 AND cache_key = $1)
                        AS is_refused,
                    EXISTS (
                        SELECT 1 FROM \(schema).cache_changes WHERE version > $8 AND pattern IS NOT NULL
                    ) AS is_untried,
                    e.version AS present, \(CacheRules.newer(in: schema)) AS rules
                FROM \(schema).store_state AS s
                LEFT JOIN \(schema).cache_entries AS e
                    ON e.cache_key = $1 AND e.version > $9 AND e.expires_at > coalesce($6::timestamptz, now())
                WHERE s.name = 'cache_version'
            ), \(next),
            \(EntryWrite.written(in: schema))
            SELECT is_refused, present, rules, is_untried, e.created_at, e.expires_at, e.version, now
            FROM clock, seen LEFT JOIN written AS e ON true
            """, entry.parameters(at: store.now) + [.int8(version), .int8(tried), .int8(ruledOut)]
        ) { reader in
            if try reader.value(Bool.self) { return Attempt.refused }
            let present = try reader.optional(Int64.self)
            let isLeft = try CacheRules.leave(entry.key, &reader)
            if let present { return isLeft ? .refused : .ruledOut(present) }
            if try reader.value(Bool.self) { return .untriedPatterns }
            return try row.written(entry, &reader).map { .written($0) } ?? .overtaken
        }
        guard let attempt = attempts.first else { throw CacheLog(store: store).lost }
        return attempt
    }
}
