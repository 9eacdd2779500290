/// Where a recording is and what it holds.
public struct RecordingSource: Hashable, Sendable, Codable {
    /// The path of what came by standard input.
    public static let standardInputPath = "-"

    /// The absolute path of the file; the http or https URL that it is fetched from; or ``standardInputPath``.
    ///
    /// A URL's query may hold a signature that gives access: show ``shownPath`` instead.
    public let path: String
    /// The SHA-256 of the recording's bytes; a worker reads nothing that has another.
    public let hash: ContentHash
    /// The whole length in samples of 16 kHz.
    public let sampleCount: Int64

    /// Describes a recording.
    public init(path: String, hash: ContentHash, sampleCount: Int64) {
        self.path = path
        self.hash = hash
        self.sampleCount = sampleCount
    }

    /// Whether it is fetched from a URL.
    public var isRemote: Bool { path.hasPrefix("https://") || path.hasPrefix("http://") }

    /// Whether it is a file on this machine or a shared folder.
    public var isFile: Bool { !isRemote && path != Self.standardInputPath }

    /// The path for people and logs: a URL without its query.
    public var shownPath: String {
        isRemote ? String(path.prefix { $0 != "?" && $0 != "#" }) : path
    }

    /// The last part of the path, or a URL's host when it has none.
    public var name: String {
        if path == Self.standardInputPath { return "standard input" }
        return shownPath.split(separator: "/").last.map(String.init) ?? path
    }

    /// The length in seconds.
    public var durationSeconds: Double { Double(sampleCount) / Double(SampleRange.sampleRate) }
}
