internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP proxy on loopback whose connections a test cuts, holds up or silences.
public final class CutProxy: Sendable {
    /// Who sends.
    public enum Side: Sendable {
        case client
        case server
    }

    /// What becomes of bytes and of new connections.
    enum Mode: Sendable {
        case pass
        case hold
        case swallow
        case refuse
    }

    struct State: Sendable {
        var mode = Mode.pass
        var links: [ObjectIdentifier: ProxyLink] = [:]
        /// What may still come from a side before its connection is cut.
        var allowance: (side: Side, bytes: Int)?
        var accepted = 0
        var cut = 0
    }

    /// The port that it listens on.
    public let port: Int
    private let listener: any Channel
    private let state: ProxyState

    /// Everything that links and the proxy share.
    final class ProxyState: Sendable {
        let value = Mutex(State())
    }

    /// Starts a proxy before a port of the loopback; ``close()`` ends it.
    public static func start(to port: Int) async throws -> CutProxy {
        let state = ProxyState()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in client.pipeline.addHandler(AcceptHandler(toPort: port, state)) }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let own = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return CutProxy(port: own, listener: listener, state: state)
    }

    private init(port: Int, listener: any Channel, state: ProxyState) {
        self.port = port
        self.listener = listener
        self.state = state
    }

    /// Connections that are open.
    public var connections: Int { state.value.withLock { $0.links.count } }

    /// Connections that were ever accepted.
    public var accepted: Int { state.value.withLock { $0.accepted } }

    /// Connections that were cut because ``cut(after:from:)`` said so.
    public var cutByBytes: Int { state.value.withLock { $0.cut } }

    /// Cuts all connections that are open; both ends see a reset.
    public func cut() {
        for link in state.value.withLock({ Array($0.links.values) }) { link.reset() }
    }

    /// Cuts the connection by which a side sends one byte more than these, counted over all connections from now on; the
    /// bytes before it pass. It happens once.
    public func cut(after bytes: Int, from side: Side) {
        state.value.withLock { $0.allowance = (side, bytes) }
    }

    /// Passes nothing on any more, as a cable that was pulled: connections stay, new ones too get no answer, and what is
    /// sent is lost.
    public func swallow() { set(.swallow) }

    /// Passes nothing on of the connections that are open, as a firewall that has forgotten them; new ones get through.
    public func silence() {
        for link in state.value.withLock({ Array($0.links.values) }) { link.silence() }
    }

    /// Reads nothing any more, until ``pass()``; nothing is lost.
    public func hold() { set(.hold) }

    /// Resets new connections at once, and leaves the others alone.
    public func refuse() { set(.refuse) }

    /// Passes everything, from now on.
    public func pass() { set(.pass) }

    /// Ends the proxy and its connections.
    public func close() async throws {
        try await listener.close()
        cut()
    }

    private func set(_ mode: Mode) {
        let links = state.value.withLock { state in
            state.mode = mode
            return Array(state.links.values)
        }
        for link in links { link.setReading(mode != .hold) }
    }
}

extension CutProxy.ProxyState {
    var mode: CutProxy.Mode { value.withLock { $0.mode } }

    func add(_ link: ProxyLink) {
        value.withLock {
            $0.links[ObjectIdentifier(link)] = link
            $0.accepted += 1
        }
    }

    func remove(_ link: ProxyLink) {
        value.withLock { $0.links[ObjectIdentifier(link)] = nil }
    }

    /// How many of the bytes that came may pass; `nil` is all.
    func admit(_ bytes: Int, from side: CutProxy.Side) -> Int? {
        value.withLock { state in
            guard let allowance = state.allowance, allowance.side == side else { return nil }
            guard bytes > allowance.bytes else {
                state.allowance = (side, allowance.bytes - bytes)
                return nil
            }
            state.allowance = nil
            state.cut += 1
            return allowance.bytes
        }
    }
}
