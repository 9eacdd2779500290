/// A stretch of a transcript: what was said from one time to another.
public struct Segment: Hashable, Sendable, Codable {
    /// When it begins, in seconds.
    public var start: Double
    /// When it ends, in seconds.
    public var end: Double
    /// What was said; what is missing, in square brackets, for a gap.
    public var text: String
    /// The words with their times; `nil` where the engine does not give them.
    public var words: [Word]?
    /// Whether the segment marks a chunk that could not be transcribed.
    public var isGap: Bool

    /// Describes a stretch of speech.
    public init(start: Double, end: Double, text: String, words: [Word]? = nil, isGap: Bool = false) {
        self.start = start
        self.end = end
        self.text = text
        self.words = words
        self.isGap = isGap
    }

    private enum CodingKeys: String, CodingKey {
        case start, end, text, words, gap
    }

    /// Reads the form that ``encode(to:)`` writes; `gap` may be missing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        start = try container.decode(Double.self, forKey: .start)
        end = try container.decode(Double.self, forKey: .end)
        text = try container.decode(String.self, forKey: .text)
        words = try container.decodeIfPresent([Word].self, forKey: .words)
        isGap = try container.decodeIfPresent(Bool.self, forKey: .gap) ?? false
    }

    /// Writes `start`, `end`, `text`, `words` where known, and `gap` only when it is one.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(start, forKey: .start)
        try container.encode(end, forKey: .end)
        try container.encode(text, forKey: .text)
        try container.encodeIfPresent(words, forKey: .words)
        if isGap { try container.encode(true, forKey: .gap) }
    }

    /// The same segment, `offset` seconds later.
    func shifted(by offset: Double) -> Segment {
        var segment = self
        segment.start += offset
        segment.end += offset
        segment.words = words?.map { Word(start: $0.start + offset, end: $0.end + offset, text: $0.text) }
        return segment
    }
}
