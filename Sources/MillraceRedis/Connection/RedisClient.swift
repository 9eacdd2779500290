public import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Commands to one Redis server, by one connection that all tasks share.
///
/// What tasks send in one turn of the event loop is written together, without a task knowing of the others; replies come
/// in the same order. The connection is made when it is first needed, and again when it is lost. A task that is
/// cancelled, or whose time is up, leaves alone what others have sent: its own reply is dropped when it comes.
///
/// While a server cannot be reached calls fail at once; after a pause the next one tries again, and only that one waits.
/// The pause is drawn, and grows with the failures from 50 ms to 5 s. A command that blocks, as in `BLPOP`, keeps all
/// others waiting: it needs a client of its own.
public final class RedisClient: Sendable {
    typealias State = ClientState<Caller, RedisLink>

    /// Where the server is.
    public let configuration: RedisConfiguration
    let connector: RedisConnector
    let eventLoop: any EventLoop
    let state: Mutex<State>
    /// The generation, for those who ask for it with each command and should not wait for who is just sending.
    let begun = Atomic(0)
    /// `nil` when nobody measures.
    let metrics: RedisMetrics?
    let logger: Logger?

    /// Makes a client; nothing is connected before the first command. The logger is told, at debug, when connections come
    /// and go, and at warning when a server that was lost cannot be reached any more, and when it is back.
    ///
    /// Throws `configuration` when certificates cannot be read.
    public init(_ configuration: RedisConfiguration, logger: Logger? = nil) throws(RedisError) {
        self.configuration = configuration
        self.logger = logger
        connector = try RedisConnector(configuration)
        eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        metrics = RedisMetrics()
        state = Mutex(State(limit: configuration.queueLimit, isMeasured: metrics != nil))
    }

    deinit {
        close()
    }

    /// Sends a command and waits for its reply.
    ///
    /// Throws `server` for an error that the server reports; `timedOut` after `timeout`, or the configuration's time;
    /// `cancelled` with the task. One that is `repeatable`, because doing it twice does the same, is sent again when the
    /// connection is lost before its reply has come.
    public func send(
        _ command: RedisCommand, timeout: Duration? = nil, repeatable: Bool = false
    ) async throws(RedisError) -> RESPValue {
        try await send(command, until: deadline(timeout), repeatable: repeatable)
    }

    /// Sends commands together, with nothing of others between them, and waits for all replies, in their order.
    ///
    /// One that fails does not keep the others from being done. They go by one connection: those that are not
    /// `repeatable` all fail when it is lost before their replies have come.
    public func send(
        _ commands: [RedisCommand], timeout: Duration? = nil, repeatable: Bool = false
    ) async -> [Result<RESPValue, RedisError>] {
        await send(commands, until: deadline(timeout), repeatable: repeatable)
    }

    /// How many connections have been begun; it grows before anything is sent by a new one.
    ///
    /// When it is the same before a command and after its reply, one connection carried both.
    public var generation: Int { begun.load(ordering: .acquiring) }

    /// What there is to know of the client now.
    public var statistics: RedisClientStatistics {
        state.withLock { state in
            RedisClientStatistics(
                inFlight: state.calls.inFlight, waiting: state.calls.waiting, isConnected: state.link != nil,
                connections: state.generation, timeouts: state.timeouts)
        }
    }

    /// Takes no more commands, and ends the connection when those before are answered, or the time is up.
    public func shutdown(within timeout: Duration = .seconds(5)) async {
        let isIdle = state.withLock { state in
            state.takeNoMore()
            return state.calls.count == 0
        }
        // Replies come in order: that to the last command says that there are no others.
        if !isIdle {
            _ = try? await send(RedisCommand("PING"), until: deadline(timeout), repeatable: true, isLast: true)
        }
        close()
    }

    /// Ends the connection; what has not been answered fails with `closed`. Closing it again changes nothing.
    public func close() {
        let (link, losses) = state.withLock { state in (state.link, state.close()) }
        fail(losses, .closed, "the client is closed")
        link?.channel.close(promise: nil)
    }
}

extension RedisClient {
    func deadline(_ timeout: Duration?) -> NIODeadline {
        .now() + TimeAmount(timeout ?? configuration.commandTimeout)
    }

    func send(
        _ command: RedisCommand, until deadline: NIODeadline, repeatable: Bool, isLast: Bool = false
    ) async throws(RedisError) -> RESPValue {
        let ticket = CallTicket()
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let call = CallQueue<Caller>.Call(
                    command: command, caller: .alone(continuation), deadline: deadline, isRepeatable: repeatable)
                submit(CollectionOfOne(call), ticket, isLast: isLast)
            }
        } onCancel: {
            abandon(ticket)
        }
        return try outcome.get()
    }

    func send(
        _ commands: [RedisCommand], until deadline: NIODeadline, repeatable: Bool
    ) async -> [Result<RESPValue, RedisError>] {
        guard !commands.isEmpty else { return [] }
        let ticket = CallTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let batch = CallBatch(count: commands.count, continuation)
                let calls = commands.enumerated().map { position, command in
                    CallQueue<Caller>.Call(
                        command: command, caller: .together(batch, position: position), deadline: deadline,
                        isRepeatable: repeatable, followsOn: position > 0)
                }
                submit(calls, ticket, isLast: false)
            }
        } onCancel: {
            abandon(ticket)
        }
    }

    func submit(_ calls: some Collection<CallQueue<Caller>.Call> & Sendable, _ ticket: CallTicket, isLast: Bool) {
        var losses: [CallQueue<Caller>.Loss] = []
        let (admission, checkAt) = state.withLock { state -> (State.Admission, NIODeadline?) in
            guard !ticket.isGivenUp else {
                return (.refused(RedisError(.cancelled, "cancelled before it was sent")), nil)
            }
            let admission = state.submit(calls, isLast: isLast, at: .now())
            guard let first = admission.first else { return (admission, nil) }
            let ids = first..<first + UInt64(calls.count)
            // Who has given up at this very moment has not found them.
            if !ticket.note(ids) { losses = state.abandon(ids) }
            if case .write = admission { return (admission, state.planCheck()) }
            return (admission, nil)
        }
        if let checkAt { plan(checkAt) }
        fail(losses, .cancelled, Self.cancelled)
        switch admission {
        case .taken(_, wakes: true): eventLoop.execute { self.flush() }
        case .taken: break
        case .write(_, let link, let commands, let generation): write(commands, to: link, generation)
        case .refused(let error):
            metrics?.count(calls.count, error.code == .cancelled ? .cancelled : .refused)
            for call in calls { call.caller.resume(.failure(error)) }
        }
    }

    private func write(_ commands: [ByteBuffer], to link: RedisLink, _ generation: Int) {
        var bytes = link.channel.gather(commands)
        bytes.moveReaderIndex(forwardBy: link.socket?.write(bytes) ?? 0)
        guard bytes.readableBytes > 0 else { return wrote(generation) }
        // The rest has to wait until the kernel takes more.
        eventLoop.execute { [bytes] in
            link.channel.writeAndFlush(bytes, promise: nil)
            self.wrote(generation)
        }
    }

    private func wrote(_ generation: Int) {
        if state.withLock({ $0.wrote(generation) }) { eventLoop.execute { self.flush() } }
    }

    private func abandon(_ ticket: CallTicket) {
        guard let ids = ticket.giveUp() else { return }
        let (losses, checkAt) = state.withLock { state in (state.abandon(ids), state.planCheck()) }
        if let checkAt { plan(checkAt) }
        fail(losses, .cancelled, Self.cancelled)
    }

    private static let cancelled = "cancelled while a command waited for its reply"

    func fail(_ losses: [CallQueue<Caller>.Loss], _ code: RedisError.Code, _ message: @autoclosure () -> String) {
        guard !losses.isEmpty else { return }
        metrics?.count(losses.count, RedisMetrics.Outcome(code))
        let message = message()
        for loss in losses {
            loss.caller.resume(.failure(RedisError(code, message, mayHaveRun: loss.mayHaveRun)))
        }
    }
}
