/// How a recording is cut.
public struct ChunkSettings: Hashable, Sendable, Codable {
    /// The length that cuts aim at, in seconds.
    public let targetSeconds: Double
    /// No chunk is longer, in seconds.
    public let maximumSeconds: Double
    /// No chunk's encoded audio (WAV, 16 kHz mono 16-bit) is larger, in bytes; `nil` for no limit.
    public let maximumBytes: Int?

    /// The default target: 30 s.
    public static let standard = ChunkSettings(uncheckedTarget: 30)
    /// The largest upload that the common speech services take: 25 MB.
    public static let serviceByteLimit = 25_000_000
    /// At this target and above, the recording is meant to stay in one piece, and the byte limit is lifted.
    public static let onePieceSeconds = 100_000.0

    /// Makes settings for a target length; the hard limit is twice the target.
    ///
    /// - Throws: ``InvalidValue`` unless the target is between 1 s and 1,000,000 s.
    public init(targetSeconds: Double) throws(InvalidValue) {
        guard targetSeconds.isFinite, (1...1_000_000).contains(targetSeconds) else {
            throw InvalidValue("chunk length", "must be between 1 and 1000000 seconds")
        }
        self.init(uncheckedTarget: targetSeconds)
    }

    private init(uncheckedTarget: Double) {
        targetSeconds = uncheckedTarget
        maximumSeconds = uncheckedTarget * 2
        maximumBytes = uncheckedTarget >= Self.onePieceSeconds ? nil : Self.serviceByteLimit
    }

    /// The most samples that a chunk may have under both limits.
    public var maximumSamples: Int64 {
        // A store may hold settings of any size; what does not fit is no limit.
        let bySeconds = Int64(exactly: (maximumSeconds * Double(SampleRange.sampleRate)).rounded(.down)) ?? .max
        guard let maximumBytes else { return bySeconds }
        // 44 bytes of WAV header, two bytes a sample.
        return min(bySeconds, Int64(max(2, maximumBytes - 44) / 2))
    }
}
