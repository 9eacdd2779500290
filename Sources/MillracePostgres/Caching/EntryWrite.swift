internal import MillraceCore

/// The writing of an entry, as the last part of a statement that takes a version.
struct EntryWrite: Sendable {
    let key: CacheKey
    let value: CacheValue
    let ttl: TTL

    /// `written`, the entry as it is then, when there is a `next`; parameters 1 to 6 are ``parameters(at:)``.
    static func written(in schema: String) -> String {
        """
        clock AS (
            SELECT coalesce($6::timestamptz, now()) AS now
        ), written AS (
            INSERT INTO \(schema).cache_entries AS e
                (cache_key, value, codec, bytes, version, created_at, expires_at, accessed_at)
            SELECT $1, $2, $3, $4, version, now, now + $5::bigint * interval '1 microsecond', now FROM next, clock
            ON CONFLICT (cache_key) DO UPDATE SET
                value = excluded.value, codec = excluded.codec, bytes = excluded.bytes, version = excluded.version,
                created_at = excluded.created_at, expires_at = excluded.expires_at,
                accessed_at = excluded.accessed_at, access_count = 0
            RETURNING version, created_at, expires_at
        )
        """
    }

    func parameters(at now: PostgresParameter) -> [PostgresParameter] {
        [
            .text(key.text), .bytes([UInt8](value.bytes)), .int4(Int32(value.codec.rawValue)),
            .int8(Int64(key.text.utf8.count + value.bytes.count)), .microseconds(ttl.duration), now,
        ]
    }
}
