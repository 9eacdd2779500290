/// An adapter broke a rule of its port.
public struct ContractViolation: Error, Hashable, CustomStringConvertible {
    /// What was expected and what came, in one line.
    public let message: String

    /// Describes a broken rule.
    public init(_ message: String) {
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
