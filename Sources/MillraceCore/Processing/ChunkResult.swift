/// What an engine made of one chunk. Times count from the chunk's own beginning, so a result can be cached.
///
/// No segments means that nobody speaks: silence is a result.
public struct ChunkResult: Hashable, Sendable, Codable {
    /// Grows when the meaning of a result changes; part of the cache key.
    public static let formatVersion = 1

    /// What was said, in time order.
    public let segments: [Segment]
    /// The language that the engine heard or was told; `nil` when it does not say.
    public let language: String?

    /// Describes what was said.
    public init(segments: [Segment], language: String? = nil) {
        self.segments = segments
        self.language = language
    }
}

extension ChunkResult {
    /// The same result, its texts without NUL.
    var storable: ChunkResult {
        let cleaned = segments.map { segment in
            var segment = segment
            segment.text = segment.text.storable
            segment.words = segment.words?.map { Word(start: $0.start, end: $0.end, text: $0.text.storable) }
            return segment
        }
        return ChunkResult(segments: cleaned, language: language?.storable)
    }
}
