internal import MillraceCore

/// How a transcript is read from its row.
enum TranscriptRow {
    static let head = """
        id, source, content_hash, duration_seconds, status, language, total_chunks, completed_chunks, failed_chunks, \
        cached_chunks, created_at, completed_at
        """
    static let columns = head + ", text, segments"

    /// Reads the columns of ``head``, and text and segments when the row has them.
    static func read(_ row: inout RowReader, withText: Bool) throws -> Transcript {
        Transcript(
            head: try Head(&row), text: withText ? try row.value() : "", segments: withText ? try row.json() : [])
    }

    /// The columns before the text.
    struct Head {
        let id: TranscriptID
        let source: String
        let hash: ContentHash
        let durationSeconds: Double
        let status: TranscriptStatus
        let language: String?
        let chunks: ChunkSummary
        let createdAt: Timestamp
        let completedAt: Timestamp?

        init(_ row: inout RowReader) throws {
            id = try row.id()
            source = try row.value()
            hash = ContentHash(stored: try row.value())
            durationSeconds = try row.value()
            status = try row.choice()
            language = try row.optional()
            chunks = ChunkSummary(
                total: try row.value(), completed: try row.value(), failed: try row.value(), cached: try row.value())
            createdAt = try row.time()
            completedAt = try row.optionalTime()
        }
    }
}

extension Transcript {
    fileprivate init(head: TranscriptRow.Head, text: String, segments: [Segment]) {
        self.init(
            id: head.id, source: head.source, hash: head.hash, durationSeconds: head.durationSeconds,
            createdAt: head.createdAt, status: head.status, language: head.language, text: text, segments: segments,
            chunks: head.chunks, completedAt: head.completedAt)
    }
}
