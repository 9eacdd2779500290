/// A value object refused what it was given.
public struct InvalidValue: Error, Hashable, CustomStringConvertible {
    /// What kind of value it was to be, as `priority` or `cache key`.
    public let kind: String
    /// What is wrong and what is allowed.
    public let reason: String

    /// Describes a refused value.
    public init(_ kind: String, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// The kind and the reason in one line.
    public var description: String { "\(kind): \(reason)" }
}
