internal import MillraceCore

/// Writes an entry that was made from what was known at a version, unless its key may have been written since.
///
/// One statement writes when nothing that it sees speaks against it and nothing was written while it looked. Patterns
/// are judged by the core's own rules: they are read, and the statement is told up to which they do not matter.
struct CacheFill {
    /// A fill that other writes come in between of so often is given up: a cache may do without a value.
    private static let attempts = 100

    let entry: EntryWrite
    let version: Int64
    let store: PostgresStore

    private enum Attempt: Sendable {
        case written(CacheEntry)
        case refused, untriedPatterns, overtaken
    }

    /// - Returns: `nil` when nothing was written.
    func run() async throws(StoreError) -> CacheEntry? {
        var tried = version
        for _ in 0..<Self.attempts {
            switch try await attempt(tried: tried) {
            case .written(let entry): return entry
            case .refused: return nil
            case .overtaken: continue
            case .untriedPatterns:
                let patterns = try await CacheLog(store: store).patterns(since: tried)
                guard patterns.allSatisfy({ !$0.pattern.matches(entry.key) }) else { return nil }
                tried = patterns.last?.version ?? tried
            }
        }
        return nil
    }

    /// Goes by the word that no pattern up to a version means the key.
    private func attempt(tried: Int64) async throws(StoreError) -> Attempt {
        let schema = store.schema
        let row = EntryRow(askedOf: store)
        let attempts = try await store.rows(
            """
            WITH seen AS (
                SELECT
                    value,
                    value::bigint < $7
                        OR (value::bigint > $7 AND
                            coalesce((SELECT min(version) FROM \(schema).cache_changes) > $7 + 1, true))
                        OR EXISTS (SELECT 1 FROM \(schema).cache_changes WHERE version > $7 AND cache_key = $1)
                        OR EXISTS (
                            SELECT 1 FROM \(schema).cache_entries
                            WHERE cache_key = $1 AND expires_at > coalesce($6::timestamptz, now())
                        ) AS is_refused,
                    EXISTS (
                        SELECT 1 FROM \(schema).cache_changes WHERE version > $8 AND pattern IS NOT NULL
                    ) AS is_untried
                FROM \(schema).store_state WHERE name = 'cache_version'
            ), \(CacheLog.next(in: schema, key: "$1", ifSeen: "NOT (seen.is_refused OR seen.is_untried)")),
            \(EntryWrite.written(in: schema))
            SELECT is_refused, is_untried, e.created_at, e.expires_at, e.version, now
            FROM clock, seen LEFT JOIN written AS e ON true
            """, entry.parameters(at: store.now) + [.int8(version), .int8(tried)]
        ) { reader in
            if try reader.value(Bool.self) { return Attempt.refused }
            if try reader.value(Bool.self) { return .untriedPatterns }
            return try row.written(entry, &reader).map { .written($0) } ?? .overtaken
        }
        guard let attempt = attempts.first else { throw CacheLog(store: store).lost }
        return attempt
    }
}
