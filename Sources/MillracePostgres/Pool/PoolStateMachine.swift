internal import DequeModule

/// Decides who gets which connection: without clock, tasks or sockets. What it returns is to be done by its owner.
///
/// Nobody waits while there is an idle connection or room for another, so who comes first is served first. Times are
/// those of a clock that only goes forward.
struct PoolStateMachine<Connection: Sendable>: Sendable {
    /// Names a caller that waits.
    typealias WaiterID = UInt64

    /// The right to have one connection of the pool.
    struct Place: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// A connection in its place.
    struct Member: Sendable {
        let place: Place
        let connection: Connection
        let openedAt: Duration
    }

    /// What a caller gets.
    enum Grant: Sendable {
        /// A connection that nobody has used for some time.
        case use(Member, idle: Duration)
        /// A place in which to open a connection; the one that was there before is to be closed.
        case open(Place, closing: Connection?)
    }

    /// Why a caller gets nothing.
    enum Refusal: Error, Sendable {
        case closed
        case cancelled
        case timedOut(inUse: Int, waited: Duration)
    }

    /// What is to be done after an event.
    struct Effects: Sendable {
        var closed: [Connection] = []
        var answers: [(waiter: WaiterID, answer: Result<Grant, Refusal>)] = []
        /// When ``PoolStateMachine/tick(at:)`` is to be called at the latest, as far as this event is concerned.
        var alarm: Duration?

        fileprivate mutating func ring(at time: Duration) {
            alarm = min(alarm ?? time, time)
        }
    }

    private struct Waiter {
        let id: WaiterID
        let since: Duration
    }

    private struct Idle {
        let member: Member
        let since: Duration
    }

    /// How long a connection beyond the pool's size stays open without use.
    static var overflowIdleTime: Duration { .seconds(5) }

    private let options: PostgresPool.Options
    /// The last to come back is the first to go out, so those at the front are idle for longest.
    private var idle: Deque<Idle> = []
    /// What callers have; `nil` while a connection is being opened.
    private var lent: [Place: Connection?] = [:]
    private var waiters: Deque<Waiter> = []
    private var isClosed = false
    private var lastPlace = 0
    private var waits = 0
    private var waited = Duration.zero

    init(options: PostgresPool.Options) {
        self.options = options
    }

    /// Whether the pool is closed and all its connections are.
    var isDrained: Bool { isClosed && lent.isEmpty }

    /// The connections that callers have.
    var lentConnections: [Connection] { lent.values.compactMap { $0 } }

    /// How many connections and callers there are.
    var counts: PoolMetrics.Counts {
        PoolMetrics.Counts(inUse: lent.count, idle: idle.count, waiting: waiters.count)
    }

    /// What the pool holds.
    func state(at now: Duration) -> PostgresPool.State {
        PostgresPool.State(
            inUse: lent.count, idle: idle.count, waiting: waiters.count,
            longestWait: waiters.first.map { now - $0.since } ?? .zero, waits: waits, waitTime: waited)
    }

    private var total: Int { idle.count + lent.count }

    // MARK: Events

    /// A caller wants a connection.
    ///
    /// - Returns: `nil` when it has to wait: ``wait(_:at:)``.
    mutating func acquire(at now: Duration) throws(Refusal) -> Grant? {
        guard !isClosed else { throw .closed }
        // Nobody overtakes those who wait.
        guard waiters.isEmpty else { return nil }
        if let last = idle.popLast() {
            lent[last.member.place] = .some(last.member.connection)
            return grant(last, at: now)
        }
        guard total < options.size + options.maxOverflow else { return nil }
        return .open(newPlace(), closing: nil)
    }

    /// A caller that could not get a connection waits for one.
    mutating func wait(_ id: WaiterID, at now: Duration) -> Effects {
        waiters.append(Waiter(id: id, since: now))
        waits += 1
        return Effects(alarm: now + options.timeout)
    }

    /// A caller waits no longer. One that has been answered is none of this pool's concern.
    mutating func cancel(_ id: WaiterID, at now: Duration) -> Effects {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return Effects() }
        waited += now - waiters.remove(at: index).since
        return Effects(answers: [(id, .failure(.cancelled))])
    }

    /// A connection was opened in a place.
    ///
    /// - Returns: `nil` when the pool was closed meanwhile: the connection is to be closed, and the place given up.
    mutating func opened(_ connection: Connection, in place: Place, at now: Duration) -> Member? {
        guard !isClosed else { return nil }
        lent[place] = .some(connection)
        return Member(place: place, connection: connection, openedAt: now)
    }

    /// The connection in a place is broken; its holder opens another.
    mutating func broke(_ place: Place) {
        lent[place] = .some(nil)
    }

    /// Nothing could be opened in a place, or its connection cannot be used any more.
    mutating func giveUp(_ place: Place, at now: Duration) -> Effects {
        lent[place] = nil
        var effects = Effects()
        if let waiter = nextWaiter(at: now) {
            effects.answers.append((waiter, .success(.open(newPlace(), closing: nil))))
        }
        return effects
    }

    /// A caller is done with a connection that can be used again.
    mutating func release(_ member: Member, at now: Duration) -> Effects {
        let isWorn = now - member.openedAt >= options.recycle
        if isClosed || isWorn {
            var effects = giveUp(member.place, at: now)
            effects.closed.append(member.connection)
            return effects
        }
        if let waiter = nextWaiter(at: now) {
            return Effects(answers: [(waiter, .success(.use(member, idle: .zero)))])
        }
        lent[member.place] = nil
        idle.append(Idle(member: member, since: now))
        var effects = Effects(alarm: member.openedAt + options.recycle)
        if total > options.size { effects.ring(at: now + Self.overflowIdleTime) }
        return effects
    }

    /// Time has passed.
    mutating func tick(at now: Duration) -> Effects {
        var effects = Effects()
        while let first = waiters.first, now - first.since >= options.timeout {
            waiters.removeFirst()
            waited += now - first.since
            effects.answers.append(
                (first.id, .failure(.timedOut(inUse: lent.count, waited: now - first.since))))
        }
        effects.closed = closeWorn(at: now) + closeOverflow(at: now)
        if let first = waiters.first { effects.ring(at: first.since + options.timeout) }
        for idle in idle { effects.ring(at: idle.member.openedAt + options.recycle) }
        if total > options.size, let first = idle.first { effects.ring(at: first.since + Self.overflowIdleTime) }
        return effects
    }

    /// No connection is given out from now on; those in use are closed as they come back.
    mutating func close(at now: Duration) -> Effects {
        isClosed = true
        waited += waiters.reduce(.zero) { $0 + (now - $1.since) }
        let effects = Effects(
            closed: idle.map(\.member.connection),
            answers: waiters.map { ($0.id, .failure(.closed)) })
        idle = []
        waiters = []
        return effects
    }

    // MARK: Steps

    private func grant(_ entry: Idle, at now: Duration) -> Grant {
        now - entry.member.openedAt >= options.recycle
            ? .open(entry.member.place, closing: entry.member.connection)
            : .use(entry.member, idle: now - entry.since)
    }

    private mutating func newPlace() -> Place {
        lastPlace += 1
        let place = Place(number: lastPlace)
        lent[place] = .some(nil)
        return place
    }

    private mutating func nextWaiter(at now: Duration) -> WaiterID? {
        guard let first = waiters.popFirst() else { return nil }
        waited += now - first.since
        return first.id
    }

    private mutating func closeWorn(at now: Duration) -> [Connection] {
        let worn = idle.filter { now - $0.member.openedAt >= options.recycle }
        guard !worn.isEmpty else { return [] }
        idle.removeAll { now - $0.member.openedAt >= options.recycle }
        return worn.map(\.member.connection)
    }

    private mutating func closeOverflow(at now: Duration) -> [Connection] {
        var closed: [Connection] = []
        while total > options.size, let first = idle.first, now - first.since >= Self.overflowIdleTime {
            idle.removeFirst()
            closed.append(first.member.connection)
        }
        return closed
    }
}
