internal import NIOCore
internal import NIOPosix

/// A TCP server on loopback that says what it was told to, one line of a script for each time it hears something: for
/// what no Redis server would say.
public final class TalkingServer: Sendable {
    /// Its port.
    public let port: Int
    private let listener: any Channel

    private final class Talker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var lines: ArraySlice<String>

        init(_ lines: [String]) {
            self.lines = lines[...]
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let line = lines.popFirst() else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: line)), promise: nil)
        }
    }

    /// Starts a server; each of its connections begins with the first line.
    public static func start(_ lines: [String]) async throws -> TalkingServer {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Talker(lines))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return TalkingServer(port: port, listener: listener)
    }

    private init(port: Int, listener: any Channel) {
        self.port = port
        self.listener = listener
    }

    /// Takes no more connections.
    public func close() async throws {
        try await listener.close()
    }
}
