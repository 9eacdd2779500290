public import Foundation
internal import GRDB

/// Puts values as bare statements: no port, no types.
///
/// Does the row work that the store does, on a file of the same schema with the same durability, in one transaction: takes
/// the next version, remembers the write, and writes the value. The statements are prepared once.
public final class BareCachePut {
    private let database: DatabaseQueue

    /// Opens a store that has been made.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    }

    /// Puts a value, which is gone after so many microseconds.
    public func put(_ key: String, _ value: Data, ttl: Int64, at now: Int64) throws {
        try database.inDatabase { db in
            try db.inTransaction(.immediate) {
                let next = try db.cachedStatement(
                    sql: """
                        UPDATE store_state SET value = CAST(value AS INTEGER) + 1 WHERE name = 'cache_version'
                        RETURNING CAST(value AS INTEGER)
                        """)
                guard let version = try Int64.fetchOne(next) else {
                    throw LimitFailure("the store has lost the sequence of its cache")
                }
                try db.cachedStatement(
                    sql: "INSERT INTO cache_changes (version, cache_key, pattern) VALUES (?, ?, NULL)"
                ).execute(arguments: [version, key])
                try db.cachedStatement(
                    sql: """
                        INSERT INTO cache_entries (
                            cache_key, value, codec, version, created_at, expires_at, accessed_at, bytes
                        )
                        VALUES (?1, ?2, 0, ?3, ?4, ?5, ?4, ?6)
                        ON CONFLICT (cache_key) DO UPDATE SET
                            value = excluded.value, codec = excluded.codec, version = excluded.version,
                            created_at = excluded.created_at, expires_at = excluded.expires_at,
                            accessed_at = excluded.accessed_at, access_count = 0, bytes = excluded.bytes
                        """
                ).execute(arguments: [key, value, version, now, now + ttl, key.utf8.count + value.count])
                return .commit
            }
        }
    }
}
