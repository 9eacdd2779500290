internal import Foundation
internal import Millrace

/// A transcript in one line.
struct TranscriptSummary: Encodable {
    let id: String
    let status: String
    let source: String
    let duration: Double
    let language: String?
    let chunks: ChunkSummary
    let createdAt: String
    let completedAt: String?

    init(_ transcript: Transcript) {
        id = transcript.id.description
        status = transcript.status.rawValue
        source = transcript.source
        duration = (transcript.durationSeconds * 1_000).rounded() / 1_000
        language = transcript.language
        chunks = transcript.chunks
        createdAt = Self.text(transcript.createdAt)
        completedAt = transcript.completedAt.map(Self.text)
    }

    /// The names of the columns of ``row``.
    static let heading =
        column("ID", 36) + column("STATUS", 10) + column("SECONDS", 9) + column("CREATED", 20) + "SOURCE"

    /// The transcript as a row of a table.
    var row: String {
        Self.column(id, 36) + Self.column(status, 10) + Self.column(String(format: "%.1f", duration), 9)
            + Self.column(createdAt, 20) + OneLine.of(source)
    }

    private static func column(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0) + "  "
    }

    private static func text(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.microseconds) / 1_000_000).formatted(.iso8601)
    }
}
