internal import MillraceCore
internal import NIOCore
internal import Synchronization

/// Tells those who wait for jobs, in any process, when these have ended, and how.
///
/// Who waits says so in Redis, and only of jobs that somebody waits for is anything said: a queue whose results nobody waits
/// for costs one question a settlement.
final class RedisJobEnds: JobEndAnnouncing {
    /// How long Redis remembers that somebody waits, and how often it is reminded of it.
    private static let interest = Duration.seconds(60)
    private static let reminder = Duration.seconds(20)
    /// How long the result of a job is kept for those who were told of it.
    private static let keepTime = Duration.seconds(30)

    private struct State {
        var subscription: RedisSubscription?
        var isListening = false
        var isClosed = false
        /// Those who wait until all is heard.
        var arrivals: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var listeners: [JobID: [UInt64: RedisJobEndListener]] = [:]
        var nextID: UInt64 = 0
    }

    private let keys: HintKeys
    private let line: HintLine
    /// Who begins to wait does not wait longer than this for being heard.
    private let patience: Duration
    private let state = Mutex(State())

    init(_ keys: HintKeys, _ line: HintLine, patience: Duration) {
        self.keys = keys
        self.line = line
        self.patience = patience
    }

    deinit { close() }

    /// Listens no longer; who waits asks the store.
    func close() {
        let (subscription, arrivals) = state.withLock { state in
            state.isClosed = true
            defer { (state.subscription, state.arrivals) = (nil, [:]) }
            return (state.subscription, Array(state.arrivals.values))
        }
        subscription?.close()
        for arrival in arrivals { arrival.resume() }
    }

    /// Listens by one connection, however many wait.
    func listen(forEndOf id: JobID) async -> any JobEndListening {
        let listener = state.withLock { state in
            state.nextID += 1
            let listener = RedisJobEndListener(id, number: state.nextID, ends: self)
            state.listeners[id, default: [:]][state.nextID] = listener
            return listener
        }
        start()
        await MonotonicTime(ContinuousClock()).limit(patience) { [self] in await arrival() }
        await remind(of: id)
        return listener
    }

    /// Says that somebody waits for a job.
    func remind(of id: JobID) async {
        _ = await line.run(
            Self.expect, keys: [.text(keys.awaited)],
            [.integer(Self.interest.wholeMicroseconds / 1_000_000), .bytes(ByteBuffer(jobID: id))])
    }

    /// By the server's own time, as everybody's.
    private static let expect = RedisScript(
        """
        local now = tonumber(redis.call('TIME')[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        return 1
        """)

    /// How often a listener says that it is still there.
    static var reminderInterval: Duration { reminder }

    func remove(_ id: JobID, number: UInt64) {
        state.withLock { state in
            state.listeners[id]?[number] = nil
            if state.listeners[id]?.isEmpty == true { state.listeners[id] = nil }
        }
    }

    /// How a job has ended for good, if that was kept.
    func end(of id: JobID) async -> JobEnd? {
        await line.send([RedisCommand("GET", .text(keys.result(of: id)))])?[0]?.bytes.flatMap(JobEndForm.end)
    }

    /// Says how jobs have ended, of which some are not known to; to be called when it is committed.
    func tell(_ ends: [(id: JobID, end: JobEnd?)]) async {
        guard !ends.isEmpty else { return }
        let question = RedisCommand(
            "ZMSCORE", [.text(keys.awaited)] + ends.map { .bytes(ByteBuffer(jobID: $0.id)) })
        guard let answers = await line.send([question])?[0]?.elements, answers.count == ends.count else { return }
        var commands: [RedisCommand] = []
        for (entry, answer) in zip(ends, answers) where answer != .null {
            let id = RedisArgument.bytes(ByteBuffer(jobID: entry.id))
            if let end = entry.end, case .completed = end {
                if let bytes = JobEndForm.bytes(of: end) {
                    commands.append(
                        RedisCommand(
                            "SET", .text(keys.result(of: entry.id)), .bytes(bytes), "PX",
                            .integer(Self.keepTime.wholeMicroseconds / 1_000)))
                }
                commands.append(RedisCommand("ZREM", .text(keys.awaited), id))
            }
            commands.append(RedisCommand("PUBLISH", .text(keys.ends), id))
        }
        if !commands.isEmpty { _ = await line.send(commands) }
    }

    private func start() {
        let subscription = state.withLock { state -> RedisSubscription? in
            guard state.subscription == nil, !state.isClosed else { return nil }
            state.subscription = try? RedisSubscription(line.client.configuration, channels: [keys.ends]) {
                [weak self] event in self?.hear(event)
            }
            return state.subscription
        }
        subscription?.start()
    }

    private func hear(_ event: RedisSubscription.Event) {
        switch event {
        case .message(_, let payload):
            guard let id = payload.jobID else { return }
            for listener in state.withLock({ $0.listeners[id].map { Array($0.values) } ?? [] }) { listener.ring() }
        case .gap:
            let (arrivals, listeners) = state.withLock { state in
                state.isListening = true
                defer { state.arrivals = [:] }
                return (Array(state.arrivals.values), state.listeners.values.flatMap(\.values))
            }
            for arrival in arrivals { arrival.resume() }
            // Their jobs may have ended while nobody listened.
            for listener in listeners { listener.ring() }
        case .lost:
            state.withLock { $0.isListening = false }
        }
    }

    /// Waits until everything is heard, or for the task's cancellation.
    private func arrival() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.isListening || Task.isCancelled || state.subscription == nil { return true }
                    state.arrivals[id] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.arrivals.removeValue(forKey: id) }?.resume()
        }
    }
}
