internal import MillraceCore
internal import NIOCore
internal import Synchronization

/// What a process remembers between its calls to Redis.
final class HintDesk: Sendable {
    fileprivate struct State {
        /// What is no longer in flight, and what was claimed without a hint, until Redis is told.
        var landed: [QueueName: [ByteBuffer]] = [:]
        var claimed: [QueueName: [JobKind: [JobID]]] = [:]
        /// When the store itself was last asked for jobs of a scope.
        var looks: [JobScope: Look] = [:]
        /// Grows when a job may have been queued without a hint.
        var wish = 0
        /// When jobs of a queue were last claimed here.
        var uses: [QueueName: ContinuousClock.Instant] = [:]
    }

    fileprivate struct Look {
        var at: ContinuousClock.Instant
        var wish: Int
    }

    /// Redis need not be told of more: what it was not told of is in flight for a while, or a hint of no use.
    private static let memory = 5_000
    fileprivate static let scopeLimit = 64
    /// A queue that is used no more is not looked after any longer.
    private static let useTime = Duration.seconds(60)

    /// What nobody has hinted at is claimed all the same, so much later at most.
    private let lookInterval: Duration
    private let state = Mutex(State())

    init(lookInterval: Duration) {
        self.lookInterval = lookInterval
    }

    /// Whether the store itself is to be asked now, whatever hints there are; who is told so does it.
    func beginLook(in scope: JobScope) -> Bool {
        let (scope, now) = (Self.key(of: scope), ContinuousClock.now)
        return state.withLock { state in
            for queue in scope.queues { state.uses[queue] = now }
            if let look = state.looks[scope], look.wish == state.wish, look.at + lookInterval > now { return false }
            state.note(scope, at: now)
            return true
        }
    }

    /// Notes that the store itself was asked.
    func noteLook(in scope: JobScope) {
        let (scope, now) = (Self.key(of: scope), ContinuousClock.now)
        state.withLock { $0.note(scope, at: now) }
    }

    /// Lets the next claim of each scope ask the store itself.
    func wishForLook() {
        state.withLock { $0.wish += 1 }
    }

    /// Notes that hints were used, or given back.
    func land(_ hints: [JobHint]) {
        state.withLock { state in
            for hint in hints where state.landed[hint.queue, default: []].count < Self.memory {
                state.landed[hint.queue, default: []].append(hint.member)
            }
        }
    }

    /// Notes that jobs were claimed without their hints.
    func note(claimed jobs: [Job]) {
        state.withLock { state in
            for job in jobs where state.claimed[job.queueName]?[JobKind(job)]?.count ?? 0 < Self.memory {
                state.claimed[job.queueName, default: [:]][JobKind(job), default: []].append(job.id)
            }
        }
    }

    /// What Redis is to be told of a queue; it is forgotten here.
    func takeNews(of queue: QueueName) -> (landed: [ByteBuffer], claimed: [JobKind: [JobID]]) {
        state.withLock { state in
            (state.landed.removeValue(forKey: queue) ?? [], state.claimed.removeValue(forKey: queue) ?? [:])
        }
    }

    /// The queues that jobs are claimed from here.
    var queues: [QueueName] {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.uses = state.uses.filter { $0.value + Self.useTime > now }
            return Array(state.uses.keys)
        }
    }

    /// A scope by what stays the same from claim to claim.
    private static func key(of scope: JobScope) -> JobScope {
        var scope = scope
        scope.unreachable = []
        return scope
    }
}

extension HintDesk.State {
    fileprivate mutating func note(_ scope: JobScope, at now: ContinuousClock.Instant) {
        if looks[scope] == nil, looks.count >= HintDesk.scopeLimit { looks = [:] }
        looks[scope] = HintDesk.Look(at: now, wish: wish)
    }
}
