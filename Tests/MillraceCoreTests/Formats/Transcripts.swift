import Foundation
import MillraceCore

/// Transcripts for the tests of forms.
enum Transcripts {
    static let id = TranscriptID(UUID(uuid: (1, 143, 0, 0, 0, 0, 0x70, 1, 0x80, 2, 3, 4, 5, 6, 7, 8)))

    static func make(
        _ segments: [Segment], language: String? = nil, duration: Double = 60, source: String = "/recordings/a.flac"
    ) -> Transcript {
        Transcript(
            id: id, source: source, hash: ContentHash(of: Data()), durationSeconds: duration,
            createdAt: Timestamp(microseconds: 0), status: .completed, language: language,
            text: segments.map(\.text).joined(separator: " "), segments: segments,
            chunks: ChunkSummary(total: 2, completed: 1, failed: 1, cached: 0), completedAt: nil)
    }
}
