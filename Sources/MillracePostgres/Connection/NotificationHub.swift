/// Who listens to which channel of a session.
struct NotificationHub {
    typealias Stream = AsyncStream<Result<PostgresNotification, PostgresError>>

    struct Delivery {
        let continuation: Stream.Continuation
        let notification: Result<PostgresNotification, PostgresError>
    }

    private var listeners: [UInt64: (channels: Set<String>, continuation: Stream.Continuation)] = [:]
    private var lastID: UInt64 = 0
    private var deliveries: [Delivery] = []

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

    mutating func deliver(_ notification: PostgresNotification) {
        for listener in listeners.values where listener.channels.contains(notification.channel) {
            deliveries.append(Delivery(continuation: listener.continuation, notification: .success(notification)))
        }
    }

    /// Tells all listeners that nothing will come any more.
    mutating func fail(_ error: PostgresError) {
        for listener in listeners.values {
            deliveries.append(Delivery(continuation: listener.continuation, notification: .failure(error)))
        }
        listeners = [:]
    }

    /// What is to be handed out once the session's mutex is free.
    mutating func takeDeliveries() -> [Delivery] {
        guard !deliveries.isEmpty else { return [] }
        defer { deliveries = [] }
        return deliveries
    }
}
