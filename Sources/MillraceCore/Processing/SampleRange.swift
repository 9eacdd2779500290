/// A stretch of a recording, in samples of 16 kHz mono.
public struct SampleRange: Hashable, Sendable, Codable {
    /// Samples a second of everything that is planned, sent and timed here.
    public static let sampleRate = 16_000

    /// The first sample.
    public let start: Int64
    /// The sample behind the last.
    public let end: Int64

    /// Makes a stretch.
    ///
    /// - Throws: ``InvalidValue`` unless 0 ≤ `start` ≤ `end`.
    public init(start: Int64, end: Int64) throws(InvalidValue) {
        guard start >= 0, start <= end else {
            throw InvalidValue("sample range", "\(start)..<\(end) is not a stretch of a recording")
        }
        self.start = start
        self.end = end
    }

    /// Takes numbers that are known to be in order.
    public init(uncheckedStart start: Int64, end: Int64) {
        self.start = start
        self.end = end
    }

    /// The number of samples.
    public var count: Int { Int(end - start) }
    /// Seconds from the beginning of the recording to the first sample.
    public var startSeconds: Double { Double(start) / Double(Self.sampleRate) }
    /// Seconds from the beginning of the recording to the end of the last sample.
    public var endSeconds: Double { Double(end) / Double(Self.sampleRate) }
}
