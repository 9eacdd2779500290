import MillraceCore
import Synchronization

/// Who takes the steps of a trace.
enum Actor: Hashable, Sendable {
    case writer(Int)
    case reader(Int)
    case follower(Int)
    case invalidator

    /// On whose behalf the present task is; `nil` for what is no step of the trace.
    @TaskLocal static var current: Actor?

    /// Whether a call is one of this actor's steps; what it does besides goes on at once.
    func takes(_ call: Stage.Call) -> Bool {
        switch self {
        case .writer: [.mark, .commit, .finish].contains(call)
        case .reader: [.find, .read, .settle].contains(call)
        case .follower: [.journal, .ask, .begin, .tell].contains(call)
        case .invalidator: [.commit, .announce, .purge].contains(call)
        }
    }
}

/// Lets the calls of the cache to its tiers go on in the order of a trace: each waits for its cue before it is made, and
/// once more before its answer is used.
final class Stage: Sendable {
    enum Call { case mark, commit, finish, find, read, settle, journal, ask, begin, tell, announce, purge }

    /// What is to become of a call.
    enum Cue {
        case go
        case fail(isDone: Bool)
        case late
    }

    private enum Place {
        case busy
        case before(Call, CheckedContinuation<Cue, Never>)
        case after(CheckedContinuation<Void, Never>)
        case ended
    }

    private struct State {
        var places: [Actor: Place] = [:]
        var isOver = false
        var late: (@Sendable () async -> Void)?
        var published = 0
    }

    private let state = Mutex(State())

    // MARK: - For the tiers

    /// Makes a call when it is its turn.
    func take<Value: Sendable>(
        _ call: Call, _ body: @escaping @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        guard let actor = Actor.current, actor.takes(call) else { return try await body() }
        switch await cue(for: actor, call) {
        case .go:
            let value = try await body()
            await rest(actor)
            return value
        case .fail(let isDone):
            if isDone { _ = try await body() }
            await rest(actor)
        case .late:
            leave { _ = try? await body() }
            await rest(actor)
        }
        throw StoreError(.unavailable, "the trace says that this fails")
    }

    /// Waits before the answer of a call is used.
    func rest(_ actor: Actor? = .current) async {
        guard let actor else { return }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if !state.isOver { state.places[actor] = .after(continuation) }
                return state.isOver
            }
            if goesOn { continuation.resume() }
        }
    }

    /// Keeps something to be done by ``doLate()``.
    func leave(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.late = body }
    }

    func cue(for actor: Actor, _ call: Call) async -> Cue {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.places[actor] = .before(call, continuation) }
                return state.isOver
            }
            // Nothing more is to happen.
            if isOver { continuation.resume(returning: .fail(isDone: false)) }
        }
    }

    /// Messages that were sent since the trace began.
    var published: Int { state.withLock(\.published) }

    /// Counts one.
    func notePublished() { state.withLock { $0.published += 1 } }

    // MARK: - For who reads the trace

    /// Whether an actor has begun and not ended.
    func isPlaying(_ actor: Actor) -> Bool {
        state.withLock { state in
            switch state.places[actor] {
            case nil, .ended: false
            default: true
            }
        }
    }

    func begin(_ actor: Actor) { state.withLock { $0.places[actor] = .busy } }

    func end(_ actor: Actor) { state.withLock { $0.places[actor] = .ended } }

    /// Lets an actor use the answer of its last call, and waits for its next one; `nil` when it ends without.
    func next(of actor: Actor) async throws -> Call? {
        var call: Call?
        try await eventually {
            let (isThere, resting) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
                switch state.places[actor] {
                case .before(let next, _):
                    call = next
                    return (true, nil)
                case .after(let continuation):
                    state.places[actor] = .busy
                    return (false, continuation)
                case .busy: return (false, nil)
                case nil, .ended: return (true, nil)
                }
            }
            resting?.resume()
            return isThere
        }
        return call
    }

    /// Gives the call that an actor waits with its cue, and waits until it is done.
    func perform(_ actor: Actor, _ cue: Cue = .go) async throws {
        let waiting = state.withLock { state -> CheckedContinuation<Cue, Never>? in
            guard case .before(_, let continuation) = state.places[actor] else { return nil }
            state.places[actor] = .busy
            return continuation
        }
        waiting?.resume(returning: cue)
        try await eventually {
            state.withLock { state in
                switch state.places[actor] {
                case .after, .ended, nil: true
                case .before, .busy: false
                }
            }
        }
    }

    /// Does what was on its way for long.
    func doLate() async {
        await state.withLock { state in
            defer { state.late = nil }
            return state.late
        }?()
    }

    /// Lets nobody do anything more, and everybody end.
    func close() {
        let places = state.withLock { state in
            state.isOver = true
            defer { state.places = [:] }
            return state.places.values
        }
        for place in places {
            switch place {
            case .before(_, let continuation): continuation.resume(returning: .fail(isDone: false))
            case .after(let continuation): continuation.resume()
            case .busy, .ended: break
            }
        }
    }
}

/// Thrown when something that a test waits for does not happen.
struct TookTooLong: Error {}

/// Lets other tasks run until a condition holds; gives up after a time that only a hang can take.
func eventually(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        await Task.yield()
    }
}
