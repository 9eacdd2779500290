/// Where a recording is and what it holds.
public struct RecordingSource: Hashable, Sendable, Codable {
    /// The absolute path of the file.
    public let path: String
    /// The SHA-256 of the file's bytes; a worker reads nothing from a file that has another.
    public let hash: ContentHash
    /// The whole length in samples of 16 kHz.
    public let sampleCount: Int64

    /// Describes a recording.
    public init(path: String, hash: ContentHash, sampleCount: Int64) {
        self.path = path
        self.hash = hash
        self.sampleCount = sampleCount
    }

    /// The last part of the path.
    public var name: String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The length in seconds.
    public var durationSeconds: Double { Double(sampleCount) / Double(SampleRange.sampleRate) }
}
