/// What there is to know of a client at one moment.
public struct RedisClientStatistics: Sendable, Hashable {
    /// Commands that were sent and whose replies are awaited.
    public let inFlight: Int
    /// Commands that are not sent yet.
    public let waiting: Int
    /// Whether commands can be sent now.
    public let isConnected: Bool
    /// Connections that were begun since the client was made.
    public let connections: Int
    /// Commands whose time ran out.
    public let timeouts: Int
}
