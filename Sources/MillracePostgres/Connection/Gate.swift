internal import DequeModule
internal import Synchronization

/// Lets one caller in at a time, in the order in which they came.
final class Gate: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: UnsafeContinuation<PostgresError?, Never>
    }

    private struct State {
        var isHeld = false
        var isEnded = false
        var lastID: UInt64 = 0
        var waiters: Deque<Waiter> = []
        /// Waiters that were cancelled before they could wait.
        var cancelled: Set<UInt64> = []
    }

    /// The gates that the current task is behind: waiting for one of them would never end.
    @TaskLocal private static var held: [ObjectIdentifier] = []

    private let state = Mutex(State())

    /// Waits for its turn; throws when the task is cancelled, or the gate was closed.
    nonisolated(nonsending) func enter() async throws(PostgresError) {
        enum Answer {
            case entered
            case ended
            case wait(UInt64)
        }
        let answer = state.withLock { state -> Answer in
            if state.isEnded { return .ended }
            if !state.isHeld {
                state.isHeld = true
                return .entered
            }
            state.lastID += 1
            return .wait(state.lastID)
        }
        switch answer {
        case .entered: return
        case .ended: throw Self.endedTransaction
        case .wait(let id): try await wait(id)
        }
    }

    /// Lets the next one in.
    func leave() {
        let next = state.withLock { state -> Waiter? in
            if let waiter = state.waiters.popFirst() { return waiter }
            state.isHeld = false
            return nil
        }
        next?.continuation.resume(returning: nil)
    }

    /// Lets nobody in any more, once the gate is free; for the connection of a transaction that is over.
    func end() {
        let waiters = state.withLock { state -> Deque<Waiter> in
            state.isEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: Self.endedTransaction) }
    }

    /// Runs `body` behind this gate: an attempt of it to enter again is an error.
    nonisolated(nonsending) func holding<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        try await Self.$held.withValue(Self.held + [ObjectIdentifier(self)], operation: body)
    }

    private static let endedTransaction = PostgresError(
        .misuse, "the transaction is over; its connection must not be used after its end")

    private nonisolated(nonsending) func wait(_ id: UInt64) async throws(PostgresError) {
        if Self.held.contains(ObjectIdentifier(self)) {
            throw PostgresError(
                .misuse, "this connection is in a transaction; use the connection that the transaction was given")
        }
        let failure = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let (answer, mustWait) = state.withLock { state -> (PostgresError?, Bool) in
                    if state.cancelled.remove(id) != nil { return (.cancelledTask, false) }
                    if state.isEnded { return (Self.endedTransaction, false) }
                    guard state.isHeld else {
                        state.isHeld = true
                        return (nil, false)
                    }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return (nil, true)
                }
                if !mustWait { continuation.resume(returning: answer) }
            }
        } onCancel: {
            leaveQueueOf(id)?.continuation.resume(returning: .cancelledTask)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        if let failure { throw failure }
    }

    @discardableResult
    private func leaveQueueOf(_ id: UInt64) -> Waiter? {
        state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.waiters.remove(at: index)
        }
    }
}
