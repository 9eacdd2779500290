public import MillraceCore

/// Transcripts in a PostgreSQL schema.
public struct PostgresTranscriptRepository: TranscriptRepository {
    private let store: PostgresStore

    /// Uses an open store.
    public init(_ store: PostgresStore) {
        self.store = store
    }

    /// Inserts or replaces a transcript.
    public func save(_ aggregate: Transcript) async throws(StoreError) {
        let line = try TranscriptWrite.Line(aggregate)
        try await store.write { [store] connection in
            try await TranscriptWrite.upsert(line, on: connection, of: store)
        }
    }

    /// Reads a transcript with its text.
    public func load(_ id: TranscriptID) async throws(StoreError) -> Transcript? {
        try await store.rows(
            "SELECT \(TranscriptRow.columns) FROM \(store.schema).transcripts WHERE id = $1", [.id(id)],
            isIdempotent: true
        ) { try TranscriptRow.read(&$0, withText: true) }.first
    }

    /// Deletes a transcript whose processing has ended.
    public func delete(_ id: TranscriptID) async throws(StoreError) {
        try await delete(id, force: false)
    }

    /// Deletes a transcript and everything that was made for it, in one transaction.
    public func delete(_ id: TranscriptID, force: Bool) async throws(StoreError) {
        try await store.write { [store] connection in
            try await TranscriptDelete.delete(id, force: force, on: connection, of: store)
        }
    }

    /// Looks for a run over a recording that has not ended well.
    public func isInUse(hash: ContentHash) async throws(StoreError) -> Bool {
        try await !store.rows(
            """
            SELECT 1 FROM \(store.schema).transcripts
            WHERE content_hash = $1 AND status NOT IN ('COMPLETED', 'CANCELLED') LIMIT 1
            """, [.text(hash.hex)], isIdempotent: true
        ) { _ in true }.isEmpty
    }

    /// Reads a page of transcripts without their text, newest first.
    public func list(after id: TranscriptID?, limit: Int) async throws(StoreError) -> [Transcript] {
        try await store.rows(
            """
            SELECT \(TranscriptRow.head) FROM \(store.schema).transcripts WHERE id < $1 ORDER BY id DESC LIMIT $2
            """, [.before(id), .int8(Int64(max(0, limit)))], isIdempotent: true
        ) { try TranscriptRow.read(&$0, withText: false) }
    }

    /// Reads the newest transcript of a recording.
    public func find(hash: ContentHash) async throws(StoreError) -> Transcript? {
        try await store.rows(
            """
            SELECT \(TranscriptRow.columns) FROM \(store.schema).transcripts
            WHERE content_hash = $1 ORDER BY id DESC LIMIT 1
            """, [.text(hash.hex)], isIdempotent: true
        ) { try TranscriptRow.read(&$0, withText: true) }.first
    }
}
