/// The name of a queue. One to 100 bytes. Compared by its bytes.
public struct QueueName: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The name as stored in `queue_name`.
    public var name: String { exact.text }

    private let exact: ExactText

    /// Makes a queue name.
    ///
    /// - Throws: ``InvalidValue`` when the name is empty, too long, holds control characters, or begins or ends with
    ///   a blank.
    public init(_ name: String) throws(InvalidValue) {
        exact = ExactText(try ShortName.validate(name, kind: "queue name", limit: 100))
    }

    /// Takes a name that is written in the source, without a check.
    public init(known name: StaticString) {
        self.init(stored: "\(name)")
    }

    /// Takes a name that a store has already validated.
    public init(stored name: String) {
        exact = ExactText(name)
    }

    /// The queue of everything that names no other.
    public static let `default` = QueueName(stored: "default")

    /// The name.
    public var description: String { name }

    /// Decodes and validates a bare string.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes a bare string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
