internal import MillraceCore
internal import Synchronization

/// Lends connections of one kind to many callers, in the order in which they ask.
///
/// ``PoolStateMachine`` decides; this opens, looks at, and closes connections, and lets callers wait.
final class ConnectionPool<Connection: PooledConnection>: Sendable {
    typealias Machine = PoolStateMachine<Connection>
    private typealias Answer = Result<Machine.Grant, Machine.Refusal>

    /// A connection idle for longer is asked for an answer before it is lent.
    static var trustedIdleTime: Duration { .seconds(1) }

    private struct Shared {
        var machine: Machine
        var waiters: [Machine.WaiterID: CheckedContinuation<Answer, Never>] = [:]
        var drains: [CheckedContinuation<Void, Never>] = []
        var lastWaiter: Machine.WaiterID = 0
        /// The time for which the alarm is set.
        var alarm: Duration?
        /// What was shown last of what there is.
        var shown = PoolMetrics.Counts()

        /// By how much there is more than was shown; that counts as shown from now on.
        mutating func takeChange() -> PoolMetrics.Counts {
            let counts = machine.counts
            defer { shown = counts }
            return counts - shown
        }
    }

    private let options: PostgresPool.Options
    private let name: String
    private let time: MonotonicTime
    private let alarm: PoolAlarm
    private let connect: @Sendable () async throws(PostgresError) -> Connection
    private let shared: Mutex<Shared>
    /// `nil` when nobody measures.
    private let metrics = PoolMetrics()

    /// Makes a pool without a connection; `name` is what messages call the server.
    init(
        options: PostgresPool.Options, name: String,
        time: MonotonicTime = MonotonicTime(ContinuousClock()),
        alarm: PoolAlarm = .system(), connect: @escaping @Sendable () async throws(PostgresError) -> Connection
    ) {
        self.options = options
        self.name = name
        self.time = time
        self.alarm = alarm
        self.connect = connect
        shared = Mutex(Shared(machine: Machine(options: options)))
    }

    deinit {
        for connection in shared.withLock({ $0.machine.close(at: time.now()) }).closed { connection.close() }
        metrics?.add(PoolMetrics.Counts() - shared.withLock { $0.shown })
    }

    var state: PostgresPool.State {
        shared.withLock { $0.machine.state(at: time.now()) }
    }

    /// Lends a connection for as long as `body` runs.
    nonisolated(nonsending) func withConnection<Value: Sendable>(
        _ body: (Connection) async throws -> Value
    ) async throws -> Value {
        let member = try await checkOut()
        defer { checkIn(member) }
        return try await body(member.connection)
    }

    /// Lends no more, and waits until all connections are back; when the task is cancelled, those in use are ended.
    func close() async {
        apply { $0.close(at: $1) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDrained = shared.withLock { shared in
                    if !shared.machine.isDrained { shared.drains.append(continuation) }
                    return shared.machine.isDrained
                }
                if isDrained { continuation.resume() }
            }
        } onCancel: {
            for connection in shared.withLock({ $0.machine.lentConnections }) { connection.close() }
        }
    }

    // MARK: Lending

    /// Lends a connection until ``checkIn(_:)``.
    nonisolated(nonsending) func checkOut() async throws(PostgresError) -> Machine.Member {
        switch try await grant() {
        case .use(let member, let idle):
            if try await isFit(member, idle: idle) { return member }
            shared.withLock { $0.machine.broke(member.place) }
            member.connection.close()
            return try await open(in: member.place)
        case .open(let place, let worn):
            worn?.close()
            return try await open(in: place)
        }
    }

    /// Takes a connection back.
    func checkIn(_ member: Machine.Member) {
        // Whoever gets it next looks at its socket.
        guard member.connection.isAtRest else {
            member.connection.close()
            return apply { $0.giveUp(member.place, at: $1) }
        }
        apply { $0.release(member, at: $1) }
    }

    /// Whether a connection answers; asks it only when it was idle for long.
    private nonisolated(nonsending) func isFit(_ member: Machine.Member, idle: Duration) async throws(PostgresError)
        -> Bool
    {
        guard options.prePing else { return true }
        guard member.connection.isUsable else { return false }
        guard idle >= Self.trustedIdleTime else { return true }
        do throws(PostgresError) {
            try await member.connection.ping()
            return true
        } catch {
            guard !Task.isCancelled else {
                checkIn(member)
                throw error
            }
            return false
        }
    }

    private nonisolated(nonsending) func open(in place: Machine.Place) async throws(PostgresError) -> Machine.Member {
        do throws(PostgresError) {
            let connection = try await connect()
            metrics?.noteOpen(isSuccess: true)
            let member = shared.withLock { $0.machine.opened(connection, in: place, at: time.now()) }
            guard let member else {
                connection.close()
                throw refused(.closed)
            }
            return member
        } catch {
            if error.code != .cancelled, error.code != .poolClosed { metrics?.noteOpen(isSuccess: false) }
            apply { $0.giveUp(place, at: $1) }
            throw error
        }
    }

    // MARK: Waiting

    private nonisolated(nonsending) func grant() async throws(PostgresError) -> Machine.Grant {
        guard !Task.isCancelled else { throw refused(.cancelled) }
        do throws(Machine.Refusal) {
            let (grant, change) = try shared.withLock { shared throws(Machine.Refusal) in
                (try shared.machine.acquire(at: time.now()), metrics == nil ? nil : shared.takeChange())
            }
            if let change { metrics?.add(change) }
            if let grant { return grant }
            return try await measuredWait()
        } catch {
            throw refused(error)
        }
    }

    private nonisolated(nonsending) func measuredWait() async throws(Machine.Refusal) -> Machine.Grant {
        let start = time.now()
        do throws(Machine.Refusal) {
            let grant = try await waitForGrant()
            metrics?.noteWait(of: time.now() - start, isTimedOut: false)
            return grant
        } catch {
            let isTimedOut = if case .timedOut = error { true } else { false }
            metrics?.noteWait(of: time.now() - start, isTimedOut: isTimedOut)
            throw error
        }
    }

    private nonisolated(nonsending) func waitForGrant() async throws(Machine.Refusal) -> Machine.Grant {
        let id = shared.withLock { shared in
            shared.lastWaiter += 1
            return shared.lastWaiter
        }
        let answer: Answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in queue(id, continuation) }
        } onCancel: {
            apply { $0.cancel(id, at: $1) }
        }
        return try answer.get()
    }

    private func queue(_ id: Machine.WaiterID, _ continuation: CheckedContinuation<Answer, Never>) {
        var answer: Answer?
        step { shared, now in
            do throws(Machine.Refusal) {
                // A cancellation that came before this is not told to the machine.
                guard !Task.isCancelled else { throw .cancelled }
                answer = try shared.machine.acquire(at: now).map { .success($0) }
            } catch {
                answer = .failure(error)
            }
            guard answer == nil else { return Machine.Effects() }
            shared.waiters[id] = continuation
            return shared.machine.wait(id, at: now)
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func refused(_ refusal: Machine.Refusal) -> PostgresError {
        switch refusal {
        case .closed:
            PostgresError(.poolClosed, "the pool of connections to \(name) is closed")
        case .cancelled:
            PostgresError(.cancelled, "cancelled while waiting for a connection to \(name)")
        case .timedOut(let inUse, let waited):
            PostgresError(
                .poolTimeout,
                """
                no connection to \(name) came free in \(Self.seconds(waited)), with \(inUse) in use; allow more (now \
                \(options.size) and \(options.maxOverflow) overflow), run less at once, or wait longer
                """)
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        "\((duration.inSeconds * 10).rounded() / 10) s"
    }

    // MARK: Events

    private func apply(_ event: (inout Machine, Duration) -> Machine.Effects) {
        step { shared, now in event(&shared.machine, now) }
    }

    /// Changes what is shared, and then, without the lock, does what follows from it.
    private func step(_ event: (inout Shared, Duration) -> Machine.Effects) {
        let now = time.now()
        var closed: [Connection] = []
        var answers: [(CheckedContinuation<Answer, Never>, Answer)] = []
        var drains: [CheckedContinuation<Void, Never>] = []
        var change: PoolMetrics.Counts?
        shared.withLock { shared in
            let effects = event(&shared, now)
            closed = effects.closed
            for (waiter, answer) in effects.answers {
                if let continuation = shared.waiters.removeValue(forKey: waiter) {
                    answers.append((continuation, answer))
                }
            }
            if shared.machine.isDrained { swap(&drains, &shared.drains) }
            if metrics != nil { change = shared.takeChange() }
            if let next = effects.alarm, next < shared.alarm ?? .seconds(Int64.max) {
                shared.alarm = next
                // Under the lock, or an alarm for a later time could take the place of this one.
                alarm.set(next - now) { [weak self] in self?.tick() }
            }
        }
        if let change { metrics?.add(change) }
        for (continuation, answer) in answers { continuation.resume(returning: answer) }
        for connection in closed { connection.close() }
        for drain in drains { drain.resume() }
    }

    private func tick() {
        step { shared, now in
            shared.alarm = nil
            return shared.machine.tick(at: now)
        }
    }
}
