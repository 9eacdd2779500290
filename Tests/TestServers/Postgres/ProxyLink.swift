internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#endif

/// The two halves of one connection by a ``CutProxy``, on one event loop.
final class ProxyLink: Sendable {
    private let client: any Channel
    private let server: any Channel
    private let state: CutProxy.ProxyState
    private let isSilenced = Atomic<Bool>(false)

    /// Connects an accepted channel to a port, and relays from then on.
    static func open(from client: any Channel, toPort port: Int, _ state: CutProxy.ProxyState) {
        if state.mode == .refuse { return reset(client) }
        ClientBootstrap(group: client.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: port)
            .flatMap { server in
                let link = ProxyLink(client: client, server: server, state)
                state.add(link)
                return client.pipeline.addHandler(RelayHandler(link, side: .client))
                    .flatMap { server.pipeline.addHandler(RelayHandler(link, side: .server)) }
            }
            .whenFailure { _ in reset(client) }
    }

    private init(client: any Channel, server: any Channel, _ state: CutProxy.ProxyState) {
        self.client = client
        self.server = server
        self.state = state
    }

    fileprivate func begin() {
        setReading(state.mode != .hold)
    }

    func setReading(_ isReading: Bool) {
        for channel in [client, server] {
            channel.setOption(.autoRead, value: isReading).whenSuccess { if isReading { channel.read() } }
        }
    }

    func reset() {
        Self.reset(client)
        Self.reset(server)
    }

    /// Passes nothing on any more.
    func silence() { isSilenced.store(true, ordering: .relaxed) }

    private var isSilent: Bool { state.mode == .swallow || isSilenced.load(ordering: .relaxed) }

    fileprivate func relay(_ bytes: ByteBuffer, from side: CutProxy.Side) {
        if isSilent { return }
        let receiver = side == .client ? server : client
        guard let admitted = state.admit(bytes.readableBytes, from: side) else {
            receiver.writeAndFlush(bytes, promise: nil)
            return
        }
        receiver.writeAndFlush(bytes.getSlice(at: bytes.readerIndex, length: admitted) ?? ByteBuffer())
            .whenComplete { _ in self.reset() }
    }

    fileprivate func end(_ side: CutProxy.Side) {
        state.remove(self)
        // The other half learns nothing of it while nothing passes.
        if isSilent { return }
        (side == .client ? server : client).close(promise: nil)
    }

    /// Closes a channel so that the other end sees a reset.
    private static func reset(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// Has an accepted channel connected as soon as it can be read.
final class AcceptHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let port: Int
    private let state: CutProxy.ProxyState

    init(toPort port: Int, _ state: CutProxy.ProxyState) {
        self.port = port
        self.state = state
    }

    func channelActive(context: ChannelHandlerContext) {
        ProxyLink.open(from: context.channel, toPort: port, state)
    }
}

/// Hands what one half of a connection gets to the link.
private final class RelayHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let link: ProxyLink
    private let side: CutProxy.Side

    init(_ link: ProxyLink, side: CutProxy.Side) {
        self.link = link
        self.side = side
    }

    // Not earlier: what is asked of a channel that is not active yet is forgotten.
    func channelActive(context: ChannelHandlerContext) {
        link.begin()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.relay(unwrapInboundIn(data), from: side)
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.end(side)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
