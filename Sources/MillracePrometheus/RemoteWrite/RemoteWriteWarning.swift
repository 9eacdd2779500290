/// What the operator of a Prometheus should know. Work goes on, whatever it is.
public struct RemoteWriteWarning: Hashable, Sendable {
    /// What it comes to: one of few sentences, which never change.
    public let message: String
    /// What is amiss with which server, and what to do about it, in one line.
    public let reason: String

    /// Nothing is taken at present.
    init(away reason: String) {
        message = "Metrics are kept on the disk until Prometheus takes them"
        self.reason = reason
    }

    /// Samples were refused for good.
    init(refused reason: String) {
        message = "Prometheus has refused metrics, which are in quarantine"
        self.reason = reason
    }
}

extension RemoteWriteWarning: CustomStringConvertible {
    /// All of it in one line.
    public var description: String { "\(message): \(reason)" }
}
