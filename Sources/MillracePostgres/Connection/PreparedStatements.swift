internal import Synchronization

/// Whether statements are prepared on the server, once a connection, and then run by name.
public enum PreparedStatements: String, Hashable, Sendable {
    /// They are, until it turns out that a pooler stands in between whose servers do not know each other's statements.
    case automatic
    /// They are not; each statement is parsed anew.
    case off
}

/// What the connections of one configuration found out about preparing statements.
final class PreparedSwitch: Sendable {
    private let off = Atomic<Bool>(false)

    /// Whether a connection found a pooler.
    var isOff: Bool { off.load(ordering: .relaxed) }

    func turnOff() {
        off.store(true, ordering: .relaxed)
    }
}
