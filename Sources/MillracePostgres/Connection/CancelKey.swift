internal import CLibPQ

/// What a server wants to see before it cancels a session's statement.
final class CancelKey: Sendable {
    // SAFETY: libpq never changes a PGcancel, lets any thread use it, and does not tie it to its PGconn.
    private nonisolated(unsafe) let key: OpaquePointer

    /// Takes the key of a connection that is open; `nil` without memory.
    init?(_ connection: OpaquePointer) {
        guard let key = PQgetCancel(connection) else { return nil }
        self.key = key
    }

    deinit {
        PQfreeCancel(key)
    }

    /// Asks the server to cancel what the session is doing, and waits until it has taken note: a statement that begins
    /// after this has returned is not struck. Blocks.
    func cancel() {
        var reason = [CChar](repeating: 0, count: 256)
        // A failure shows itself: the statement goes on, is cancelled again, and in the end its connection is dropped.
        _ = PQcancel(key, &reason, Int32(reason.count))
    }
}
