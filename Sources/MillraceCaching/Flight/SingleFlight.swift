internal import MillraceCore
internal import Synchronization

/// Runs one load for all who ask for the same key at the same time.
///
/// The load belongs to all its waiters: it goes on when some are cancelled, and is cancelled with the last of them.
/// Who asks after that, or after the key was detached from it, begins a new one.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, StoreError>
    /// Looks for a value and makes it; before it does the latter, or answers with what was found, it says which version of
    /// the authority that goes by, `nil` when that is unknown. Told `false`, it looks once more: some of its waiters know
    /// of a newer change.
    typealias Load = @Sendable (_ begin: @Sendable (_ version: Int64?) -> Bool) async throws(StoreError) -> Value

    private struct Flight {
        let key: Key
        /// The version that its load began from; `nil` while it has not begun.
        var version: Int64?
        /// The newest change of its key that was heard of while it looked.
        var change = Int64.min
        var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
        var task: Task<Void, Never>?
    }

    private struct State {
        var flights: [UInt64: Flight] = [:]
        /// The flight that whoever asks for a key joins.
        var current: [Key: UInt64] = [:]
        /// The flight of each waiter.
        var places: [UInt64: UInt64] = [:]
        var nextID: UInt64 = 0

        mutating func makeID() -> UInt64 {
            nextID += 1
            return nextID
        }

        /// Lets no more callers join a key's flight that began before a change; one that has not begun yet will tell.
        mutating func detach(_ key: Key, olderThan change: Int64) {
            guard let id = current[key], let flight = flights[id] else { return }
            if let version = flight.version {
                if version < change { current[key] = nil }
            } else {
                flights[id]?.change = max(flight.change, change)
            }
        }

        mutating func begin(_ id: UInt64, from version: Int64) -> Bool {
            guard let change = flights[id]?.change else { return true }
            // It read, then the change was made and followed, somebody joined, and only now does it say what it read.
            guard version >= change else {
                // What it reads from now on knows of that.
                flights[id]?.change = .min
                return false
            }
            flights[id]?.version = version
            return true
        }

        mutating func end(_ id: UInt64) -> Flight? {
            guard let flight = flights.removeValue(forKey: id) else { return nil }
            if current[flight.key] == id { current[flight.key] = nil }
            return flight
        }
    }

    private let state = Mutex(State())

    func value(for key: Key, load: @escaping Load) async throws(StoreError) -> Value {
        let waiter = state.withLock { $0.makeID() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                join(key, waiter: waiter, continuation, load: load)
            }
        } onCancel: {
            leave(waiter)
        }
        return try outcome.get()
    }

    /// Lets a running load serve those who wait for it now and nobody else.
    func detach(_ key: Key) {
        state.withLock { $0.current[key] = nil }
    }

    /// Does so when the load began from a version before that of a change.
    ///
    /// A load that has not begun is none of those: it will know the change. One that began from an unknown version is.
    func detach(_ key: Key, olderThan change: Int64) {
        state.withLock { $0.detach(key, olderThan: change) }
    }

    /// Does so for all keys of a kind.
    func detachAll(olderThan change: Int64, where isMeant: (Key) -> Bool) {
        state.withLock { state in
            for key in state.current.keys where isMeant(key) { state.detach(key, olderThan: change) }
        }
    }

    /// Lets the running loads for all keys of a kind serve those who wait for them now and nobody else.
    func detachAll(where isMeant: (Key) -> Bool) {
        state.withLock { state in state.current = state.current.filter { !isMeant($0.key) } }
    }

    /// How many wait for what a key's newest load makes.
    func waiterCount(for key: Key) -> Int {
        state.withLock { state in state.current[key].flatMap { state.flights[$0]?.waiters.count } ?? 0 }
    }

    private func join(
        _ key: Key, waiter: UInt64, _ continuation: CheckedContinuation<Outcome, Never>, load: @escaping Load
    ) {
        let isCancelled = state.withLock { state in
            // `leave` may have run before there was anything to leave; the task knows.
            if Task.isCancelled { return true }
            let id: UInt64
            if let running = state.current[key] {
                id = running
            } else {
                let new = state.makeID()
                // The load must outlive whichever caller began it, so it is a task of its own: the waiters hold it
                // together, and `leave` cancels it with the last of them.
                let task = Task {
                    do throws(StoreError) {
                        self.land(new, .success(try await load { self.begin(new, from: $0) }))
                    } catch {
                        self.land(new, .failure(error))
                    }
                }
                state.flights[new] = Flight(key: key, task: task)
                state.current[key] = new
                id = new
            }
            state.flights[id]?.waiters[waiter] = continuation
            state.places[waiter] = id
            return false
        }
        if isCancelled {
            continuation.resume(returning: .failure(.cancelledWhileWaiting))
        }
    }

    private func begin(_ id: UInt64, from version: Int64?) -> Bool {
        state.withLock { $0.begin(id, from: version ?? .min) }
    }

    private func leave(_ waiter: UInt64) {
        let (continuation, task) = state.withLock { state in
            guard let id = state.places.removeValue(forKey: waiter),
                let continuation = state.flights[id]?.waiters.removeValue(forKey: waiter)
            else { return (CheckedContinuation<Outcome, Never>?.none, Task<Void, Never>?.none) }
            let isLast = state.flights[id]?.waiters.isEmpty == true
            return (continuation, isLast ? state.end(id)?.task : nil)
        }
        task?.cancel()
        continuation?.resume(returning: .failure(.cancelledWhileWaiting))
    }

    private func land(_ id: UInt64, _ outcome: Outcome) {
        let waiters = state.withLock { state in
            let waiters = state.end(id)?.waiters ?? [:]
            for waiter in waiters.keys { state.places[waiter] = nil }
            return waiters
        }
        for waiter in waiters.values {
            waiter.resume(returning: outcome)
        }
    }
}

extension StoreError {
    fileprivate static let cancelledWhileWaiting = StoreError(.cancelled, "cancelled while waiting for a cached value")
}
