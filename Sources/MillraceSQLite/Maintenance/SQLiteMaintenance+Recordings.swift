internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Those of some recordings that a run may still need, read without changing the store.
    public func recordingsInUse(_ hashes: [ContentHash]) async throws(StoreError) -> Set<ContentHash> {
        guard !hashes.isEmpty else { return [] }
        return try await FileWork.run(on: path) { [path] _ in
            try StoreSource.read(path) { db in
                let found = try db.rows(
                    """
                    SELECT content_hash FROM transcripts
                    WHERE content_hash IN (SELECT value FROM json_each(?)) AND status NOT IN ('COMPLETED', 'CANCELLED')
                    """, [try json(hashes.map(\.hex))]
                ) { try $0.value(String.self) }
                return Set(found.map(ContentHash.init(stored:)))
            }
        }
    }
}
