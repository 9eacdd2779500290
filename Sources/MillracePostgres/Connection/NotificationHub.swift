/// Who listens to which channel of a session.
///
/// What was said is handed out at once, while the session's mutex is held, or two threads could turn its order around;
/// it waits in the stream until somebody reads.
struct NotificationHub {
    typealias Stream = AsyncStream<Result<PostgresNotification, PostgresError>>

    private var listeners: [UInt64: (channels: Set<String>, continuation: Stream.Continuation)] = [:]
    private var lastID: UInt64 = 0

    mutating func add(_ channels: Set<String>, _ continuation: Stream.Continuation) -> UInt64 {
        lastID += 1
        listeners[lastID] = (channels, continuation)
        return lastID
    }

    /// Removes a listener; returns the channels that nobody listens to any more.
    mutating func remove(_ id: UInt64) -> Set<String> {
        guard let gone = listeners.removeValue(forKey: id) else { return [] }
        return listeners.values.reduce(gone.channels) { $0.subtracting($1.channels) }
    }

    func deliver(_ notification: PostgresNotification) {
        for listener in listeners.values where listener.channels.contains(notification.channel) {
            listener.continuation.yield(.success(notification))
        }
    }

    /// Tells all listeners that nothing will come any more.
    mutating func fail(_ error: PostgresError) {
        for listener in listeners.values {
            listener.continuation.yield(.failure(error))
            listener.continuation.finish()
        }
        listeners = [:]
    }
}
