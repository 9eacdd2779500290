/// A spoken word with its time.
public struct Word: Hashable, Sendable, Codable {
    /// When it begins, in seconds.
    public var start: Double
    /// When it ends, in seconds.
    public var end: Double
    /// The word as written.
    public var text: String

    /// Describes a spoken word.
    public init(start: Double, end: Double, text: String) {
        self.start = start
        self.end = end
        self.text = text
    }
}
