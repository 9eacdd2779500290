internal import NIOCore
internal import Synchronization

/// What the server of a test has seen.
public final class HTTPTestRecord: Sendable {
    private struct Counts {
        var requests = 0
        var connections = 0
        var open = 0
        var mostOpen = 0
        var streams = 0
        var channels: [Int: any Channel] = [:]
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

    /// Notes a connection, and returns its number.
    func connect(_ channel: any Channel) -> Int {
        let number = counts.withLock { counts in
            counts.connections += 1
            counts.open += 1
            counts.mostOpen = max(counts.mostOpen, counts.open)
            counts.channels[counts.connections] = channel
            return counts.connections
        }
        channel.closeFuture.whenComplete { [self] _ in
            counts.withLock { counts in
                counts.open -= 1
                counts.channels[number] = nil
            }
        }
        return number
    }

    /// Closes those that are open, and waits for that.
    func closeConnections() async {
        for channel in counts.withLock({ Array($0.channels.values) }) { try? await channel.close() }
    }

    func openStream() { counts.withLock { $0.streams += 1 } }
}
