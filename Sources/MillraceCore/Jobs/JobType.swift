/// What kind of work a job is; decides which handler runs it. One to 50 bytes. Compared by its bytes.
public struct JobType: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The name as stored in `job_type`.
    public var name: String { exact.text }

    private let exact: ExactText

    /// Makes a type from its name.
    ///
    /// - Throws: ``InvalidValue`` when the name is empty, too long, holds control characters, or begins or ends with
    ///   a blank.
    public init(_ name: String) throws(InvalidValue) {
        exact = ExactText(try ShortName.validate(name, kind: "job type", limit: 50))
    }

    /// Takes a name that is written in the source, without a check.
    public init(known name: StaticString) {
        self.init(stored: "\(name)")
    }

    /// Takes a name that a store has already validated.
    public init(stored name: String) {
        exact = ExactText(name)
    }

    /// The type of the job that ends a processing: it orders the chunk results and writes the transcript.
    public static let merge = JobType(stored: "merge")

    /// The type of the job that has a recording transcribed by whoever has the engine.
    public static let transcribe = JobType(stored: "transcribe")

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
