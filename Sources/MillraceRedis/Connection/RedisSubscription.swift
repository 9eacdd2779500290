public import NIOCore
internal import NIOPosix
internal import Synchronization

/// Listens to channels by a connection of its own, and again whenever that is lost.
///
/// Messages come at most once: what is published while no connection listens is lost, and ``Event/gap`` says where that
/// may have been. A server that says nothing for a second is asked whether it is there (PING), and one that says nothing for
/// three is given up.
public final class RedisSubscription: Sendable {
    /// What happens.
    public enum Event: Sendable {
        /// Something was published.
        case message(channel: String, payload: ByteBuffer)
        /// All channels are listened to, from now on, for the first time or anew: anything may have been missed before.
        case gap
        /// Nothing is listened to until the next ``gap``. It is told once, however often connecting fails meanwhile.
        case lost(RedisError)
    }

    private enum Phase {
        case idle
        case connecting
        case connected(any Channel)
        case resting
        case closed
    }

    private struct State {
        var phase = Phase.idle
        var feed: ChannelFeed
        var backoff = Backoff()
        var heard = ContinuousClock.now
        /// Whether the owner knows that nothing is listened to.
        var isLossKnown = false
        /// Counts the connections that were begun, to know those that are over.
        var generation = 0
        var subscriptions = 0
    }

    /// How often it is looked at whether the server is there.
    private static let tick = TimeAmount.milliseconds(250)
    private static let quiet = Duration.seconds(1)
    private static let silence = Duration.seconds(3)

    /// Where the server is.
    public let configuration: RedisConfiguration
    /// What is listened to.
    public let channels: [String]
    private let onEvent: @Sendable (Event) -> Void
    private let connector: RedisConnector
    private let eventLoop: any EventLoop
    private let state: Mutex<State>

    /// Prepares to listen; nothing is connected before ``start()``.
    ///
    /// `onEvent` is called in the order of what happens, on a thread that must not be blocked. Throws `configuration` when
    /// certificates cannot be read.
    public init(
        _ configuration: RedisConfiguration, channels: [String], onEvent: @escaping @Sendable (Event) -> Void
    ) throws(RedisError) {
        self.configuration = configuration
        self.channels = channels
        self.onEvent = onEvent
        connector = try RedisConnector(configuration)
        eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        state = Mutex(State(feed: ChannelFeed(channels)))
    }

    /// Begins to listen; doing it again changes nothing. It goes on until ``close()``.
    public func start() {
        let begins = state.withLock { state in
            guard case .idle = state.phase, !channels.isEmpty else { return false }
            state.phase = .connecting
            return true
        }
        if begins { connect() }
    }

    /// Ends it for good; no event comes of what happens afterwards.
    public func close() {
        let channel = state.withLock { state -> (any Channel)? in
            defer { state.phase = .closed }
            if case .connected(let channel) = state.phase { return channel } else { return nil }
        }
        channel?.close(promise: nil)
    }

    /// When something last came from the server; `nil` while not all channels are listened to.
    public var lastHeard: ContinuousClock.Instant? {
        state.withLock { state in
            guard case .connected = state.phase, state.feed.isSubscribed else { return nil }
            return state.heard
        }
    }

    /// How often all channels have been listened to anew.
    public var reconnects: Int { state.withLock { max(0, $0.subscriptions - 1) } }
}

// On the event loop.
extension RedisSubscription {
    private func connect() {
        let generation = state.withLock { state in
            state.generation += 1
            return state.generation
        }
        let events = RedisChannelHandler.Events(
            onReady: { self.connected($0) }, onReplies: { self.receive($0, generation) }, onWritable: {},
            onEnd: { self.ended($0, generation) })
        connector.connect(on: eventLoop, Handshake(configuration), events)
    }

    private func connected(_ channel: any Channel) {
        let begun = state.withLock { state -> (RedisCommand, Int)? in
            if case .closed = state.phase { return nil }
            state.phase = .connected(channel)
            state.heard = .now
            state.feed = ChannelFeed(channels)
            return (state.feed.subscribe, state.generation)
        }
        guard let (subscribe, generation) = begun else { return channel.close(promise: nil) }
        channel.writeAndFlush(subscribe.bytes, promise: nil)
        eventLoop.scheduleTask(in: Self.tick) { self.look(after: generation) }
    }

    private func receive(_ replies: [RESPValue], _ generation: Int) {
        let (events, reason) = state.withLock { state in take(replies, generation, &state) }
        for event in events { onEvent(event) }
        if let reason { give(up: generation, reason) }
    }

    /// Says what the replies mean, and why the connection cannot go on, if it cannot.
    private func take(_ replies: [RESPValue], _ generation: Int, _ state: inout State) -> ([Event], RedisError?) {
        guard case .connected = state.phase, state.generation == generation else { return ([], nil) }
        state.heard = .now
        var events: [Event] = []
        for reply in replies {
            switch state.feed.receive(reply) {
            case .sign: break
            case .subscribed:
                state.isLossKnown = false
                state.subscriptions += 1
                state.backoff.succeed()
                events.append(.gap)
            case .message(let channel, let payload): events.append(.message(channel: channel, payload: payload))
            case .refused(let error):
                let message = "\(configuration): the user may not listen to the channels (\(error.code))"
                return (events, RedisError(.server(error.code), message, cause: error))
            case .violation:
                return (events, RedisError(.unexpectedReply, "\(configuration) sent what is no message"))
            }
        }
        return (events, nil)
    }

    private func give(up generation: Int, _ reason: RedisError) {
        let channel = state.withLock { state -> (any Channel)? in
            if case .connected(let channel) = state.phase, state.generation == generation { channel } else { nil }
        }
        ended(reason, generation)
        // With TLS that waits for the other side.
        channel?.close(promise: nil)
    }

    private func ended(_ error: RedisError?, _ generation: Int) {
        var generator = SystemRandomNumberGenerator()
        let (loss, pause) = state.withLock { state -> (RedisError?, Duration?) in
            guard state.generation == generation else { return (nil, nil) }
            switch state.phase {
            case .closed, .resting, .idle: return (nil, nil)
            case .connecting, .connected: state.phase = .resting
            }
            let loss = error ?? RedisError(.connectionLost, "\(configuration) closed the connection")
            defer { state.isLossKnown = true }
            return (state.isLossKnown ? nil : loss, state.backoff.fail(using: &generator))
        }
        if let loss { onEvent(.lost(loss)) }
        if let pause { eventLoop.scheduleTask(in: TimeAmount(pause)) { self.tryAgain() } }
    }

    private func tryAgain() {
        let tries = state.withLock { state in
            guard case .resting = state.phase else { return false }
            state.phase = .connecting
            return true
        }
        if tries { connect() }
    }

    /// Asks a quiet server whether it is there, and gives up a silent one.
    private func look(after generation: Int) {
        let (channel, quiet) = state.withLock { state -> ((any Channel)?, Duration) in
            guard state.generation == generation, case .connected(let channel) = state.phase else {
                return (nil, .zero)
            }
            return (channel, state.heard.duration(to: .now))
        }
        guard let channel else { return }
        if quiet >= Self.silence {
            return give(up: generation, RedisError(.connectionLost, "\(configuration) has gone silent"))
        }
        if quiet >= Self.quiet { channel.writeAndFlush(RedisCommand("PING").bytes, promise: nil) }
        eventLoop.scheduleTask(in: Self.tick) { self.look(after: generation) }
    }
}
