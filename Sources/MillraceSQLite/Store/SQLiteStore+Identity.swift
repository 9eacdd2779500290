internal import GRDB
public import MillraceCore

extension SQLiteStore {
    /// The random identity of the store, in hexadecimal digits; another for every store that was ever made, and for one
    /// that was restored from a backup.
    public func identity() async throws(StoreError) -> String {
        let found = try await read { db in
            try db.rows("SELECT value FROM store_state WHERE name = 'store_id'", []) { try $0.value(String.self) }
        }
        // It becomes part of the names of keys in Redis.
        guard let id = found.first, !id.isEmpty, id.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw StoreError(
                .corrupted, "the store \(path) has lost its identity; mend it with millrace store check --repair")
        }
        return id
    }
}
