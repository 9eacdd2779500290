public import MillraceCore

extension PostgresStore {
    /// The random identity of the store, in hexadecimal digits; another for every store that was ever made.
    public func identity() async throws(StoreError) -> String {
        let found = try await rows(
            "SELECT value FROM \(schema).store_state WHERE name = 'store_id'", isIdempotent: true
        ) { try $0.value(String.self) }
        // It becomes part of a path.
        guard let id = found.first, !id.isEmpty, id.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw StoreError(.corrupted, "the store \(name) has lost its identity; restore the database from a backup")
        }
        return id
    }
}
