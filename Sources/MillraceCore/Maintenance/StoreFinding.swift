/// One thing that is wrong in a store.
public struct StoreFinding: Sendable, Hashable {
    /// What kind of thing is wrong. The raw value is what `--json` prints.
    public enum Kind: String, Sendable, CaseIterable {
        /// The file itself is damaged.
        case damage
        /// An index or a trigger is missing, or an index does not agree with its table.
        case index
        /// A fact about the whole store is missing or lags behind: its identity, its sequence of versions.
        case state
        /// A stored value cannot be read.
        case value
        /// A row belongs to another that does not exist.
        case orphan
        /// The chunks of a processing are not those of its plan.
        case plan
        /// The counters or the status of a processing are not what its chunks say, or a queue's not what its jobs say.
        case counters
        /// A processing waits for a merge that does not exist or has ended without a transcript.
        case merge
        /// Two statuses contradict each other.
        case status
        /// A decoded recording lies beside the store that no run needs.
        case audio
    }

    /// What became of it.
    public enum Remedy: String, Sendable {
        /// Repairing has mended it.
        case mended
        /// Repairing would mend it: it follows from what is stored.
        case mendable
        /// It does not follow from anything stored; the message says what to do.
        case none
    }

    /// What kind of thing is wrong.
    public let kind: Kind
    /// The row, the file or the part of it; with ``kind`` it tells one finding from all others.
    public let subject: String
    /// What is wrong with it, as the rest of a sentence that begins with the subject.
    public let message: String
    /// What became of it.
    public var remedy: Remedy

    /// Describes a finding.
    public init(_ kind: Kind, _ subject: String, _ message: String, remedy: Remedy) {
        self.kind = kind
        self.subject = subject
        self.message = message
        self.remedy = remedy
    }
}

extension StoreFinding: CustomStringConvertible {
    /// The subject and what is wrong with it, in one line.
    public var description: String { "\(subject) \(message)" }
}
