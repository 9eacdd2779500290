internal import MillraceCore
internal import Synchronization

/// Runs one load for all who ask for the same key at the same time.
///
/// The load belongs to all its waiters: it goes on when some are cancelled, and is cancelled with the last of them.
/// Who asks after that begins a new one.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, StoreError>

    private struct Flight {
        let id: UInt64
        var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
        var task: Task<Void, Never>?
    }

    private struct State {
        var flights: [Key: Flight] = [:]
        var nextID: UInt64 = 0

        mutating func makeID() -> UInt64 {
            nextID += 1
            return nextID
        }
    }

    private let state = Mutex(State())

    func value(
        for key: Key, load: @escaping @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let waiter = state.withLock { $0.makeID() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                join(key, waiter: waiter, continuation, load: load)
            }
        } onCancel: {
            leave(key, waiter: waiter)
        }
        return try outcome.get()
    }

    /// How many wait for a key's value now.
    func waiterCount(for key: Key) -> Int {
        state.withLock { $0.flights[key]?.waiters.count ?? 0 }
    }

    private func join(
        _ key: Key, waiter: UInt64, _ continuation: CheckedContinuation<Outcome, Never>,
        load: @escaping @Sendable () async throws(StoreError) -> Value
    ) {
        let isCancelled = state.withLock { state in
            // `leave` may have run before there was anything to leave; the task knows.
            if Task.isCancelled { return true }
            if state.flights[key] == nil {
                let id = state.makeID()
                // The load must outlive whichever caller began it, so it is a task of its own: the waiters hold it
                // together, and `leave` cancels it with the last of them.
                let task = Task {
                    do throws(StoreError) {
                        self.land(key, id: id, .success(try await load()))
                    } catch {
                        self.land(key, id: id, .failure(error))
                    }
                }
                state.flights[key] = Flight(id: id, task: task)
            }
            state.flights[key]?.waiters[waiter] = continuation
            return false
        }
        if isCancelled {
            continuation.resume(returning: .failure(.cancelledWhileWaiting))
        }
    }

    private func leave(_ key: Key, waiter: UInt64) {
        let (continuation, task) = state.withLock { state in
            let continuation = state.flights[key]?.waiters.removeValue(forKey: waiter)
            guard continuation != nil, state.flights[key]?.waiters.isEmpty == true else {
                return (continuation, Task<Void, Never>?.none)
            }
            return (continuation, state.flights.removeValue(forKey: key)?.task)
        }
        task?.cancel()
        continuation?.resume(returning: .failure(.cancelledWhileWaiting))
    }

    private func land(_ key: Key, id: UInt64, _ outcome: Outcome) {
        let waiters = state.withLock { state in
            guard state.flights[key]?.id == id else { return [UInt64: CheckedContinuation<Outcome, Never>]() }
            return state.flights.removeValue(forKey: key)?.waiters ?? [:]
        }
        for waiter in waiters.values {
            waiter.resume(returning: outcome)
        }
    }
}

extension StoreError {
    fileprivate static let cancelledWhileWaiting = StoreError(.cancelled, "cancelled while waiting for a cached value")
}
