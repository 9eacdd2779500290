internal import NIOCore

/// Introduces a connection to its server, and hands on the replies that come.
///
/// Confined to the event loop of its channel.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the owner of a connection hears of it, on its event loop.
    struct Events: Sendable {
        /// Commands may be sent.
        let onReady: @Sendable (any Channel) -> Void
        /// Replies have come, in the order in which they were sent.
        let onReplies: @Sendable ([RESPValue]) -> Void
        /// More may be written.
        let onWritable: @Sendable () -> Void
        /// The connection is gone; the error says why, if that is known.
        let onEnd: @Sendable (RedisError?) -> Void
    }

    private enum Phase {
        case introducing(Handshake)
        case ready
        case ended
    }

    private let events: Events
    private var phase: Phase
    private var parser = RESPParser()
    private var received = ByteBuffer()
    private var reason: RedisError?

    init(_ handshake: Handshake, _ events: Events) {
        self.events = events
        phase = .introducing(handshake)
    }

    func channelActive(context: ChannelHandlerContext) {
        guard case .introducing(let handshake) = phase else { return }
        send(handshake.commands, in: context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 { received = bytes } else { received.writeBuffer(&bytes) }
        var replies: [RESPValue] = []
        do {
            while let reply = try parser.next(in: &received) {
                if case .introducing = phase { introduce(reply, in: context) } else { replies.append(reply) }
            }
        } catch {
            end(RedisError(.connectionLost, "the server does not speak RESP: \(error)", cause: error), in: context)
        }
        received.discardReadBytes()
        if !replies.isEmpty { events.onReplies(replies) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .ready = phase { events.onWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .ended = phase { return }
        phase = .ended
        events.onEnd(reason)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(RedisError(.connectionLost, "the connection broke: \(error)", cause: error), in: context)
    }

    private func introduce(_ reply: RESPValue, in context: ChannelHandlerContext) {
        guard case .introducing(var handshake) = phase else { return }
        let step = handshake.receive(reply)
        phase = .introducing(handshake)
        switch step {
        case .wait: break
        case .send(let commands): send(commands, in: context)
        case .ready:
            phase = .ready
            events.onReady(context.channel)
        case .fail(let error): end(error, in: context)
        }
    }

    private func end(_ error: RedisError, in context: ChannelHandlerContext) {
        if reason == nil { reason = error }
        context.close(promise: nil)
    }

    private func send(_ commands: [RedisCommand], in context: ChannelHandlerContext) {
        var bytes = context.channel.allocator.buffer(capacity: 256)
        for command in commands { bytes.writeImmutableBuffer(command.bytes) }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
}
