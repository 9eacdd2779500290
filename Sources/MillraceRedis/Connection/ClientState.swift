internal import NIOCore

/// What a client knows of its connection and of its calls, and what is to be done next.
///
/// A plain state machine: time and chance are arguments, and a connection is whatever its owner says.
struct ClientState<Caller, Link> {
    enum Phase {
        case idle
        /// A connection is being made. After failures others do not wait for it: they fail for the reason of the last one.
        case connecting(because: RedisError?)
        case ready(Link)
        /// The server is not the one to talk to any more: what was written is still answered.
        case retiring(Link)
        case resting(until: NIODeadline, because: RedisError)
        case closed
    }

    enum Admission {
        /// The number of the first call; whether somebody has to look for the next step.
        case taken(UInt64, wakes: Bool)
        /// The caller is to write them by itself, and to say so afterwards: it is alone, so nobody gains by waiting for
        /// the event loop.
        case write(UInt64, Link, [ByteBuffer], generation: Int)
        case refused(RedisError)

        /// The number of the first call, when they were taken on.
        var first: UInt64? {
            switch self {
            case .taken(let first, _), .write(let first, _, _, _): first
            case .refused: nil
            }
        }
    }

    enum Step {
        case nothing
        case connect(generation: Int)
        case write(Link, [ByteBuffer])
    }

    /// What the end of a connection means to the callers.
    struct End {
        var losses: [CallQueue<Caller>.Loss] = []
        var refused: [CallQueue<Caller>.Loss] = []
        var reason: RedisError
        /// Whether another connection is to be made at once.
        var isToRetry = false
    }

    /// A server that says nothing for so long to a call that its caller has given up is taken for gone.
    static var silence: TimeAmount { .seconds(5) }
    /// No more is handed to the socket at a time, unless it is sent together.
    static var flushBytes: Int { 256 << 10 }
    /// A connection that was made a moment ago is not made anew because of what the server says.
    static var shortestLife: TimeAmount { .seconds(1) }

    private(set) var calls: CallQueue<Caller>
    private(set) var phase = Phase.idle
    private(set) var generation = 0
    private(set) var timeouts = 0
    /// Whether the last attempt to reach the server failed.
    private(set) var isOut = false
    private var backoff = Backoff()
    private var isWoken = false
    /// Whether a caller writes.
    private var isWriting = false
    /// Who has come since something was written last, and who had come when that was written: where many come at a time,
    /// nobody writes by himself.
    private var (comers, lastComers) = (0, 0)
    private var takesNoMore = false
    private var madeAt = NIODeadline.uptimeNanoseconds(0)
    /// Since when nothing has come, though something is awaited.
    private var silentSince = NIODeadline.uptimeNanoseconds(0)
    /// When the times are looked at next, and when that is necessary at the latest.
    private var checkAt: NIODeadline?
    private var soonest: NIODeadline?
    /// Deadlines are not looked at again before: many in a row are looked at together.
    private var restsUntil = NIODeadline.uptimeNanoseconds(0)
    /// Whether round trips are measured: of one command at a time, which costs nothing when there are many.
    private let isMeasured: Bool
    /// The command that is measured now.
    private var probe: (call: UInt64, sentAt: NIODeadline)?
    private var roundTrip: TimeAmount?

    init(limit: Int, isMeasured: Bool = false) {
        calls = CallQueue(limit: limit)
        self.isMeasured = isMeasured
    }

    /// The connection, as long as it is one.
    var link: Link? {
        switch phase {
        case .ready(let link), .retiring(let link): link
        default: nil
        }
    }

    /// Takes calls on that are sent together, or says why not.
    mutating func submit(
        _ calls: some Collection<CallQueue<Caller>.Call>, isLast: Bool = false, at now: NIODeadline
    ) -> Admission {
        if takesNoMore, !isLast { return .refused(RedisError(.closed, "the client is closed")) }
        if let reason = refusal(at: now) { return .refused(reason) }
        guard self.calls.hasRoom(for: calls.count) else {
            return .refused(RedisError(.overloaded, "\(self.calls.limit) commands wait for Redis already"))
        }
        var first: UInt64?
        for call in calls {
            let id = self.calls.add(call)
            if first == nil { first = id }
            let due = max(call.deadline, restsUntil)
            soonest = min(soonest ?? due, due)
        }
        comers += 1
        if !isWriting, lastComers <= 1, comers == 1, !self.calls.awaitsReply, case .ready(let link) = phase {
            isWriting = true
            silentSince = now
            (comers, lastComers) = (0, 1)
            measure(from: now)
            return .write(first ?? 0, link, self.calls.takeWaiting(upTo: .max), generation: generation)
        }
        defer { isWoken = true }
        return .taken(first ?? 0, wakes: !isWoken)
    }

    /// Why no call is taken on now; `nil` when calls are.
    private func refusal(at now: NIODeadline) -> RedisError? {
        // First, and by itself: what the phase holds is copied where it is looked at.
        if case .ready = phase { return nil }
        return switch phase {
        case .closed: RedisError(.closed, "the client is closed")
        case .resting(let end, let reason) where now < end: reason
        case .connecting(let reason): reason
        case .idle, .ready, .retiring, .resting: nil
        }
    }

    /// Notes that a caller has written.
    ///
    /// - Returns: whether somebody has to look for the next step.
    mutating func wrote(_ generation: Int) -> Bool {
        guard generation == self.generation, isWriting else { return false }
        isWriting = false
        guard calls.hasWaiting, !isWoken else { return false }
        isWoken = true
        return true
    }

    /// What is to be done for the calls that wait.
    mutating func next(at now: NIODeadline, isWritable: (Link) -> Bool) -> Step {
        isWoken = false
        guard calls.hasWaiting else { return .nothing }
        switch phase {
        case .idle: return connect(because: nil)
        case .resting(_, let reason): return connect(because: reason)
        case .ready(let link) where !isWriting && isWritable(link):
            if !calls.awaitsReply { silentSince = now }
            (comers, lastComers) = (0, comers)
            measure(from: now)
            return .write(link, calls.takeWaiting(upTo: Self.flushBytes))
        case .connecting, .ready, .retiring, .closed: return .nothing
        }
    }

    /// Measures the first command that is written now, unless another is on its way.
    private mutating func measure(from now: NIODeadline) {
        if isMeasured, probe == nil { probe = (calls.nextToWrite, now) }
    }

    /// The round trip that has ended since this was last asked.
    mutating func takeRoundTrip() -> TimeAmount? {
        defer { roundTrip = nil }
        return roundTrip
    }

    private mutating func connect(because reason: RedisError?) -> Step {
        phase = .connecting(because: reason)
        generation += 1
        return .connect(generation: generation)
    }

    /// Notes that commands may be sent.
    ///
    /// - Returns: whether the connection is still wanted.
    mutating func connected(_ link: Link, _ generation: Int, at now: NIODeadline) -> Bool {
        guard case .connecting = phase, generation == self.generation else { return false }
        phase = .ready(link)
        isOut = false
        isWriting = false
        probe = nil
        (madeAt, silentSince) = (now, now)
        return true
    }

    /// Says whose the replies are.
    ///
    /// - Returns: `nil` beside them when all is well, else why the connection is to be given up.
    mutating func receive(
        _ replies: [RESPValue], _ generation: Int, at now: NIODeadline
    ) -> (answers: [(Caller, RESPValue)], violation: RedisError?) {
        guard generation == self.generation else { return ([], nil) }
        silentSince = now
        backoff.succeed()
        var answers: [(Caller, RESPValue)] = []
        answers.reserveCapacity(replies.count)
        for reply in replies {
            switch reply {
            // Nobody has asked for it.
            case .push: continue
            case .error(let error) where error.code == .readOnly: retire(at: now)
            default: break
            }
            guard let caller = calls.takeReply() else {
                return (answers, RedisError(.connectionLost, "the server sent a reply that nobody had asked for"))
            }
            if let caller { answers.append((caller, reply)) }
        }
        if let probe, calls.nextToAnswer > probe.call {
            roundTrip = now - probe.sentAt
            self.probe = nil
        }
        return (answers, nil)
    }

    /// Looks for another server, by a new connection to the same name.
    private mutating func retire(at now: NIODeadline) {
        if case .ready(let link) = phase, now - madeAt >= Self.shortestLife { phase = .retiring(link) }
    }

    /// The connection that has been answered for the last time, if there is one.
    var retired: Link? {
        if case .retiring(let link) = phase, !calls.awaitsReply { link } else { nil }
    }

    /// Notes that a connection is gone, or could not be made.
    mutating func ended(
        _ reason: RedisError, _ generation: Int, at now: NIODeadline, using generator: inout some RandomNumberGenerator
    ) -> End {
        var end = End(reason: reason)
        guard generation == self.generation else { return end }
        switch phase {
        case .idle, .resting, .closed: return end
        case .ready, .retiring:
            end.losses = calls.lose()
            if backoff.failures == 0 {
                // It had worked: what waits is tried at once.
                _ = backoff.fail(using: &generator)
                phase = .idle
                end.isToRetry = calls.hasWaiting
                return end
            }
        case .connecting: break
        }
        isOut = true
        phase = .resting(until: now + TimeAmount(backoff.fail(using: &generator)), because: reason)
        end.refused = calls.refuseWaiting()
        return end
    }

    /// Ends a call whose caller gives it up.
    mutating func abandon(_ ids: Range<UInt64>) -> [CallQueue<Caller>.Loss] {
        let losses = ids.compactMap { calls.abandon($0) }
        if link != nil, calls.awaitsUnwanted { soonest = min(soonest ?? .distantFuture, silentSince + Self.silence) }
        return losses
    }

    /// Says when to look at the times, unless that is planned.
    mutating func planCheck() -> NIODeadline? {
        guard let soonest, checkAt.map({ soonest < $0 }) ?? true else { return nil }
        checkAt = soonest
        return soonest
    }

    /// Ends the calls whose time is up; also says whether the server is gone.
    mutating func check(_ planned: NIODeadline, at now: NIODeadline) -> (losses: [CallQueue<Caller>.Loss], isGone: Bool)
    {
        guard planned == checkAt else { return ([], false) }
        checkAt = nil
        // All are visited: where they are many, less often, and those who ask for replies wait no longer for it.
        restsUntil = now + max(.milliseconds(1), .microseconds(Int64(calls.size)))
        let (losses, next) = calls.expire(at: now)
        timeouts += losses.count
        soonest = next.map { max($0, restsUntil) }
        // Of a closed client a reply may be to come for ever.
        guard link != nil, calls.awaitsUnwanted else { return (losses, false) }
        let end = silentSince + Self.silence
        if now >= end { return (losses, true) }
        soonest = min(soonest ?? end, end)
        return (losses, false)
    }

    /// Takes no more calls but a last one.
    mutating func takeNoMore() { takesNoMore = true }

    /// Ends everything.
    mutating func close() -> [CallQueue<Caller>.Loss] {
        phase = .closed
        return calls.endAll()
    }
}
