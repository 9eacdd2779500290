internal import Synchronization

/// What the server of a test has seen.
public final class HTTPTestRecord: Sendable {
    private struct Counts {
        var requests = 0
        var connections = 0
        var open = 0
        var mostOpen = 0
        var streams = 0
    }

    private let counts = Mutex(Counts())

    init() {}

    /// Requests received whole.
    public var requests: Int { counts.withLock(\.requests) }
    /// Connections accepted, ever.
    public var connections: Int { counts.withLock(\.connections) }
    /// The most connections that were open at one time.
    public var mostOpenConnections: Int { counts.withLock(\.mostOpen) }
    /// Connections open now.
    public var openConnections: Int { counts.withLock(\.open) }
    /// Streams of HTTP/2 connections, ever; 0 when only HTTP/1.1 was spoken.
    public var streams: Int { counts.withLock(\.streams) }

    func count() { counts.withLock { $0.requests += 1 } }

    /// Notes a connection and returns its number.
    func connect() -> Int {
        counts.withLock { counts in
            counts.connections += 1
            counts.open += 1
            counts.mostOpen = max(counts.mostOpen, counts.open)
            return counts.connections
        }
    }

    func disconnect() { counts.withLock { $0.open -= 1 } }

    func openStream() { counts.withLock { $0.streams += 1 } }
}
