internal import MillraceCore

/// Reads entries, with their times by the host's clock.
///
/// The server's clock decides what has expired, for all machines alike. What an entry has left is counted from the
/// moment before the question was sent: a host whose clock goes wrong keeps nothing in memory for longer.
struct EntryRow: Sendable {
    /// The columns of an entry `e`, with the rules that are newer than it; `now` is to be in scope.
    static func columns(in schema: String) -> String {
        "e.cache_key, e.value, e.codec, e.created_at, e.expires_at, e.version, now, \(CacheRules.newer(in: schema))"
    }

    private let asked: Timestamp

    /// Is to be made before the statement is sent.
    init(askedOf store: PostgresStore) {
        asked = (store.clock ?? SystemWallClock()).now()
    }

    /// Reads what a statement says of the entry that it wrote: `created_at, expires_at, version` and `now`.
    ///
    /// - Returns: `nil` when it wrote none.
    func written(_ entry: EntryWrite, _ row: inout RowReader) throws -> CacheEntry? {
        let times = (try row.optionalTime(), try row.optionalTime())
        let version = try row.optional(Int64.self)
        guard let createdAt = times.0, let expiresAt = times.1, let version else { return nil }
        let ahead = try row.time() - asked
        return CacheEntry(
            key: entry.key, value: entry.value, createdAt: createdAt - ahead, expiresAt: expiresAt - ahead,
            version: version)
    }

    /// Reads ``columns(in:)``.
    ///
    /// - Returns: `nil` for an entry that a rule rules out.
    func entry(_ row: inout RowReader) throws -> CacheEntry? {
        let key = CacheKey(stored: try row.value())
        let bytes = try row.data()
        guard let codec = UInt8(exactly: try row.value(Int.self)) else {
            throw InvalidValue("codec", "is not one of Millrace's")
        }
        let (createdAt, expiresAt, version) = (try row.time(), try row.time(), try row.value(Int64.self))
        let ahead = try row.time() - asked
        guard try CacheRules.leave(key, &row) else { return nil }
        return CacheEntry(
            key: key, value: CacheValue(bytes: bytes, codec: CacheValue.Codec(rawValue: codec)),
            createdAt: createdAt - ahead, expiresAt: expiresAt - ahead, version: version)
    }
}
