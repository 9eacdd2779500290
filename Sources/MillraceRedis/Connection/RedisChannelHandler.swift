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
    private let deadline: NIODeadline
    private var phase: Phase
    private var parser = RESPParser()
    private var received = ByteBuffer()

    /// Introduces a connection that was made, until then at the latest.
    init(_ handshake: Handshake, until deadline: NIODeadline, _ events: Events) {
        self.events = events
        self.deadline = deadline
        phase = .introducing(handshake)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive, case .introducing(let handshake) = phase else {
            return channelInactive(context: context)
        }
        send(handshake.commands, in: context)
        context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            guard case .introducing(let handshake) = self.phase else { return }
            self.end(handshake.silence, in: context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .ended = phase { return }
        var bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 { received = bytes } else { received.writeBuffer(&bytes) }
        var replies: [RESPValue] = []
        do {
            while case .introducing = phase, let reply = try parser.next(in: &received) {
                introduce(reply, in: context)
            }
            switch phase {
            case .introducing: break
            case .ready: try parser.read(from: &received, into: &replies)
            case .ended: return
            }
        } catch {
            if !replies.isEmpty { events.onReplies(replies) }
            let place = if case .introducing(let handshake) = phase { handshake.place } else { "the server" }
            let message = "\(place) does not speak RESP: \(error)"
            return end(RedisError(.connectionLost, message, cause: error), in: context)
        }
        if received.readableBytes == 0 { received = ByteBuffer() } else { received.discardReadBytes() }
        if !replies.isEmpty { events.onReplies(replies) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .ready = phase { events.onWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard case .introducing(let handshake) = phase else { return finish(nil) }
        finish(RedisError(.connectionLost, "\(handshake.place) closed the connection; \(handshake.hint)"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let reason = RedisConnector.reason(error)
        guard case .introducing(let handshake) = phase else {
            let message = "the connection to Redis broke: \(reason)"
            return end(RedisError(.connectionLost, message, cause: error), in: context)
        }
        let message = "no connection to \(handshake.place): \(reason)"
        // An end without a word says nothing by itself.
        let hint = error is IOError ? "; \(handshake.hint)" : ""
        end(RedisError(.connectionFailed, message + hint, cause: error), in: context)
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
        // At once: with TLS, closing waits for the other side.
        finish(error)
        context.close(promise: nil)
    }

    private func finish(_ error: RedisError?) {
        if case .ended = phase { return }
        phase = .ended
        events.onEnd(error)
    }

    private func send(_ commands: [RedisCommand], in context: ChannelHandlerContext) {
        var bytes = context.channel.allocator.buffer(capacity: 256)
        for command in commands { bytes.writeImmutableBuffer(command.bytes) }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
}
