internal import GRDB
public import MillraceCore

/// Transcripts in a SQLite file.
public struct SQLiteTranscriptRepository: TranscriptRepository {
    private let store: SQLiteStore

    /// Uses an open store.
    public init(_ store: SQLiteStore) {
        self.store = store
    }

    /// Inserts or replaces a transcript.
    public func save(_ aggregate: Transcript) async throws(StoreError) {
        let clock = store.clock
        try await store.write { db in try TranscriptWrite.upsert(aggregate, in: db, at: clock.now()) }
    }

    /// Reads a transcript with its text.
    public func load(_ id: TranscriptID) async throws(StoreError) -> Transcript? {
        try await store.read { db in
            try db.rows("SELECT \(TranscriptRow.columns) FROM transcripts WHERE id = ?", [id.sql]) {
                try TranscriptRow.read(&$0, withText: true)
            }.first
        }
    }

    /// Deletes a transcript whose processing has ended.
    public func delete(_ id: TranscriptID) async throws(StoreError) {
        try await delete(id, force: false)
    }

    /// Deletes a transcript and everything that was made for it, in one transaction.
    public func delete(_ id: TranscriptID, force: Bool) async throws(StoreError) {
        try await store.write { db in
            let status = try db.rows("SELECT status FROM transcripts WHERE id = ?", [id.sql]) {
                try $0.choice(TranscriptStatus.self)
            }
            guard force || status != [.processing] else {
                throw StoreError(.conflict, "transcript \(id) is still being made; deleting it must be forced")
            }
            _ = try TranscriptDelete.delete(id, in: db)
        }
    }

    /// Looks for a run over a recording that has not ended well.
    public func isInUse(hash: ContentHash) async throws(StoreError) -> Bool {
        try await store.read { db in
            try db.rows(
                """
                SELECT 1 FROM transcripts
                WHERE content_hash = ? AND status NOT IN ('COMPLETED', 'CANCELLED') LIMIT 1
                """, [hash.hex]
            ) { _ in true }.isEmpty == false
        }
    }

    /// Reads a page of transcripts without their text, newest first.
    public func list(after id: TranscriptID?, limit: Int) async throws(StoreError) -> [Transcript] {
        try await store.read { db in
            try db.rows(
                "SELECT \(TranscriptRow.head) FROM transcripts WHERE id < ? ORDER BY id DESC LIMIT ?",
                // "g" lies behind every hexadecimal digit.
                [id?.sql ?? "g", max(0, limit)]
            ) { try TranscriptRow.read(&$0, withText: false) }
        }
    }

    /// Reads the newest transcript of a recording.
    public func find(hash: ContentHash) async throws(StoreError) -> Transcript? {
        try await store.read { db in
            try db.rows(
                """
                SELECT \(TranscriptRow.columns) FROM transcripts WHERE content_hash = ? ORDER BY id DESC LIMIT 1
                """, [hash.hex]
            ) { try TranscriptRow.read(&$0, withText: true) }.first
        }
    }
}
