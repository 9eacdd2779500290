internal import Millrace

/// A processing as it is listed and shown. The names of the members are those of its JSON.
struct ProcessingSummary: Encodable {
    /// The counts of chunks.
    struct Chunks: Encodable {
        let total: Int
        let completed: Int
        let failed: Int
    }

    let id: String
    let transcript: String
    let status: String
    let source: String
    let duration: Double
    let engine: String
    let language: String?
    let queue: String
    let priority: Int
    let round: Int
    let chunks: Chunks
    let progress: Double
    let createdAt: String
    let startedAt: String?
    let completedAt: String?
    let updatedAt: String
    let error: String?

    init(_ row: ParallelProcessor.Row) {
        id = row.id.description
        transcript = row.transcriptID.description
        status = row.status.rawValue
        source = row.source.shownPath
        duration = Self.rounded(row.source.durationSeconds)
        engine = row.recipe.engine.description
        language = row.recipe.language
        queue = row.queueName.name
        priority = row.priority.rawValue
        round = row.round
        chunks = Chunks(total: row.totalChunks, completed: row.completedChunks, failed: row.failedChunks)
        progress = Self.rounded(row.progress)
        createdAt = Listing.text(row.createdAt)
        startedAt = row.startedAt.map(Listing.text)
        completedAt = row.completedAt.map(Listing.text)
        updatedAt = Listing.text(row.updatedAt)
        error = row.errorMessage
    }

    static var table: TextTable { TextTable("ID", "STATUS", "CHUNKS", "FAILED", "PRIORITY", "CREATED", "SOURCE") }

    /// The processing as a row of ``table``.
    var row: [String] {
        [id, status, "\(chunks.completed)/\(chunks.total)", "\(chunks.failed)", "\(priority)", createdAt, source]
    }

    /// Where it stands, in a few words.
    var state: String {
        let failed = chunks.failed > 0 ? ", \(chunks.failed) failed" : ""
        return "\(status), \(chunks.completed) of \(chunks.total) chunks\(failed)"
    }

    /// The processing in full, one fact a line.
    var facts: [(name: String, value: String?)] {
        [
            ("Processing", id), ("Transcript", transcript), ("Status", status), ("Source", source),
            ("Seconds", "\(duration)"), ("Engine", engine), ("Language", language), ("Queue", queue),
            ("Priority", "\(priority)"), ("Round", "\(round)"), ("Chunks", state), ("Created", createdAt),
            ("Started", startedAt), ("Ended", completedAt), ("Changed", updatedAt), ("Error", error),
        ]
    }

    /// To three places, so that a third does not become a line of digits.
    static func rounded(_ number: Double) -> Double {
        (number * 1_000).rounded() / 1_000
    }
}
