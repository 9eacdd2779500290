internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Commands to one Redis server, by one connection that all tasks share.
///
/// What tasks send in one turn of the event loop is written together, without a task knowing of the others; replies come
/// in the same order. The connection is made when it is first needed, and again when it is lost. A task that is
/// cancelled, or whose time is up, leaves alone what others have sent: its own reply is dropped when it comes.
///
/// While a server cannot be reached calls fail at once, and after a pause (`Backoff`) the next one tries again.
public final class RedisClient: Sendable {
    private enum Phase {
        case idle
        case connecting
        case ready(any Channel)
        case resting(until: NIODeadline, because: RedisError)
        case closed
    }

    private struct State {
        var calls: CallQueue<Caller>
        var phase = Phase.idle
        var backoff = Backoff()
        var isFlushPlanned = false
        /// No call has an earlier deadline.
        var soonest: NIODeadline?
        /// When the deadlines of the calls are looked at next.
        var checkAt: NIODeadline?
        var lastHeard = NIODeadline.now()
    }

    /// A server that says nothing for so long, though something was asked of it, is taken for gone.
    private static let silence = TimeAmount.seconds(5)
    /// No more is handed to the socket at a time.
    private static let flushBytes = 256 << 10

    /// Where the server is.
    public let configuration: RedisConfiguration
    private let connector: RedisConnector
    private let eventLoop: any EventLoop
    private let state: Mutex<State>

    /// Makes a client; nothing is connected before the first command.
    ///
    /// Throws `configuration` when certificates cannot be read.
    public init(_ configuration: RedisConfiguration) throws(RedisError) {
        self.configuration = configuration
        connector = try RedisConnector(configuration)
        eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        state = Mutex(State(calls: CallQueue(limit: configuration.queueLimit)))
    }

    /// Sends a command and waits for its reply.
    ///
    /// Throws `server` for an error that the server reports; `timedOut` after `timeout`, or the configuration's time;
    /// `cancelled` with the task. One that is `repeatable`, because doing it twice does the same, is sent again when the
    /// connection is lost before its reply has come.
    public func send(
        _ command: RedisCommand, timeout: Duration? = nil, repeatable: Bool = false
    ) async throws(RedisError) -> RESPValue {
        let deadline = deadline(timeout)
        let id = state.withLock { $0.calls.makeID() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit([(id, command, .alone(continuation))], deadline, repeatable)
            }
        } onCancel: {
            abandon([id])
        }
        return try outcome.get()
    }

    /// Sends commands together, with nothing of others between them, and waits for all replies, in their order.
    ///
    /// One that fails does not keep the others from being done.
    public func send(
        _ commands: [RedisCommand], timeout: Duration? = nil, repeatable: Bool = false
    ) async -> [Result<RESPValue, RedisError>] {
        guard !commands.isEmpty else { return [] }
        let deadline = deadline(timeout)
        let ids = state.withLock { state in commands.map { _ in state.calls.makeID() } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let batch = CallBatch(count: commands.count, continuation)
                let calls = zip(ids, commands).enumerated().map { position, call in
                    (id: call.0, command: call.1, caller: Caller.together(batch, position: position))
                }
                submit(calls, deadline, repeatable)
            }
        } onCancel: {
            abandon(ids)
        }
    }

    /// Ends the connection; what has not been answered fails with `closed`. Closing it again changes nothing.
    public func close() {
        let (channel, losses) = state.withLock { state in
            var channel: (any Channel)?
            if case .ready(let ready) = state.phase { channel = ready }
            state.phase = .closed
            return (channel, state.calls.endAll())
        }
        fail(losses, .closed, "the client is closed")
        channel?.close(promise: nil)
    }

    private func deadline(_ timeout: Duration?) -> NIODeadline {
        .now() + TimeAmount(timeout ?? configuration.commandTimeout)
    }

    private func submit(
        _ calls: [(id: UInt64, command: RedisCommand, caller: Caller)], _ deadline: NIODeadline, _ repeatable: Bool
    ) {
        let (refusal, plansFlush) = state.withLock { state -> (RedisError?, Bool) in
            if Task.isCancelled { return (RedisError(.cancelled, "cancelled before the command was sent"), false) }
            if case .closed = state.phase { return (RedisError(.closed, "the client is closed"), false) }
            guard state.calls.hasRoom(for: calls.count) else {
                return (RedisError(.overloaded, "too many commands wait for \(configuration)"), false)
            }
            for call in calls {
                state.calls.add(
                    .init(command: call.command, caller: call.caller, deadline: deadline, isRepeatable: repeatable),
                    as: call.id)
            }
            state.soonest = min(state.soonest ?? deadline, deadline)
            defer { state.isFlushPlanned = true }
            return (nil, !state.isFlushPlanned)
        }
        if let refusal { for call in calls { call.caller.resume(.failure(refusal)) } }
        if plansFlush { eventLoop.execute { self.flush() } }
    }

    private func abandon(_ ids: [UInt64]) {
        fail(
            state.withLock { state in ids.compactMap { state.calls.abandon($0) } }, .cancelled,
            "cancelled while a command waited for its reply")
    }

    private func fail(_ losses: [CallQueue<Caller>.Loss], _ code: RedisError.Code, _ message: String) {
        for loss in losses {
            loss.caller.resume(.failure(RedisError(code, message, mayHaveRun: loss.mayHaveRun)))
        }
    }
}

// On the event loop.
extension RedisClient {
    private enum Step {
        case nothing
        case connect
        case write(any Channel, [RedisCommand])
        case refuse([CallQueue<Caller>.Loss], RedisError)
    }

    private func flush() {
        let (step, checkAt) = state.withLock { state -> (Step, NIODeadline?) in
            state.isFlushPlanned = false
            return (nextStep(&state), planCheck(&state))
        }
        if let checkAt { eventLoop.scheduleTask(deadline: checkAt) { self.checkDeadlines() } }
        switch step {
        case .nothing: break
        case .connect: connect()
        case .write(let channel, let commands): write(commands, to: channel)
        case .refuse(let losses, let reason):
            for loss in losses { loss.caller.resume(.failure(reason)) }
        }
    }

    private func nextStep(_ state: inout State) -> Step {
        guard state.calls.hasWaiting else { return .nothing }
        switch state.phase {
        case .resting(let end, let reason) where .now() < end: return .refuse(state.calls.refuseWaiting(), reason)
        case .idle, .resting:
            state.phase = .connecting
            return .connect
        case .ready(let channel) where channel.isWritable:
            return .write(channel, state.calls.takeWaiting(upTo: Self.flushBytes))
        case .connecting, .ready, .closed: return .nothing
        }
    }

    private func write(_ commands: [RedisCommand], to channel: any Channel) {
        var bytes = channel.allocator.buffer(capacity: commands.reduce(0) { $0 + $1.bytes.readableBytes })
        for command in commands { bytes.writeImmutableBuffer(command.bytes) }
        channel.writeAndFlush(bytes, promise: nil)
        // What did not fit in is written when the rest of this turn is done.
        if state.withLock({ $0.calls.hasWaiting }) { eventLoop.execute { self.flush() } }
    }

    private func connect() {
        let events = RedisChannelHandler.Events(
            onReady: { self.connected($0) }, onReplies: { self.receive($0) }, onWritable: { self.flush() },
            onEnd: { self.ended($0) })
        let (handshake, eventLoop) = (Handshake(configuration), eventLoop)
        let connecting = connector.connect(on: eventLoop) { RedisChannelHandler(handshake, events) }
        connecting.whenFailure { error in
            self.ended(
                RedisError(.connectionFailed, "no connection to \(self.configuration): \(error)", cause: error))
        }
        connecting.whenSuccess { channel in
            eventLoop.scheduleTask(in: TimeAmount(self.configuration.connectTimeout)) {
                if self.state.withLock({ if case .connecting = $0.phase { true } else { false } }) {
                    channel.close(promise: nil)
                }
            }
        }
    }

    private func connected(_ channel: any Channel) {
        let isClosed = state.withLock { state -> Bool in
            if case .closed = state.phase { return true }
            state.phase = .ready(channel)
            state.lastHeard = .now()
            return false
        }
        if isClosed { channel.close(promise: nil) } else { flush() }
    }

    private func receive(_ replies: [RESPValue]) {
        var answered: [(Caller, RESPValue)] = []
        answered.reserveCapacity(replies.count)
        let lostStep = state.withLock { state -> (any Channel)? in
            state.lastHeard = .now()
            state.backoff.succeed()
            for reply in replies {
                // Nobody has asked for it.
                if case .push = reply { continue }
                guard let caller = state.calls.takeReply() else {
                    if case .ready(let channel) = state.phase { return channel }
                    return nil
                }
                if let caller { answered.append((caller, reply)) }
            }
            return nil
        }
        for (caller, reply) in answered { caller.resume(reply) }
        lostStep?.close(promise: nil)
    }

    private func ended(_ error: RedisError?) {
        var generator = SystemRandomNumberGenerator()
        let (losses, refused, reason, isToRetry) = state.withLock {
            state -> ([CallQueue<Caller>.Loss], [CallQueue<Caller>.Loss], RedisError, Bool) in
            let reason = error ?? RedisError(.connectionLost, "\(configuration) closed the connection")
            let losses = state.calls.lose()
            let wasReady = if case .ready = state.phase { true } else { false }
            if case .closed = state.phase { return (losses, [], reason, false) }
            // The first failure of a connection that had worked is tried again at once.
            if wasReady, state.backoff.failures == 0 {
                _ = state.backoff.fail(using: &generator)
                state.phase = .idle
                return (losses, [], reason, state.calls.hasWaiting)
            }
            state.phase = .resting(until: .now() + TimeAmount(state.backoff.fail(using: &generator)), because: reason)
            return (losses, state.calls.refuseWaiting(), reason, false)
        }
        fail(losses, .connectionLost, "the connection to \(configuration) was lost before the reply came")
        for loss in refused { loss.caller.resume(.failure(reason)) }
        if isToRetry { flush() }
    }

    /// Plans the next look at the deadlines, if none is planned that is soon enough.
    private func planCheck(_ state: inout State) -> NIODeadline? {
        guard let next = state.soonest, state.checkAt.map({ next < $0 }) ?? true else { return nil }
        state.checkAt = next
        return next
    }

    private func checkDeadlines() {
        let (losses, checkAt, silent) = state.withLock {
            state -> ([CallQueue<Caller>.Loss], NIODeadline?, (any Channel)?) in
            let now = NIODeadline.now()
            let losses = state.calls.expire(at: now)
            (state.checkAt, state.soonest) = (nil, state.calls.nextDeadline)
            var silent: (any Channel)?
            if state.calls.awaitsReply, now - state.lastHeard > Self.silence, case .ready(let channel) = state.phase {
                silent = channel
            }
            return (losses, planCheck(&state), silent)
        }
        if let checkAt { eventLoop.scheduleTask(deadline: checkAt) { self.checkDeadlines() } }
        fail(losses, .timedOut, "\(configuration) did not answer in time")
        silent?.close(promise: nil)
    }
}
