internal import Synchronization

/// Who waits for the reply to a command.
enum Caller: Sendable {
    /// The result of one command.
    typealias Outcome = Result<RESPValue, RedisError>

    /// Not a checked one, whose size the compiler does not know: each copy of a call then asks the runtime for it. That a
    /// caller is resumed once, and once only, is what `CallQueue` is for.
    case alone(UnsafeContinuation<Outcome, Never>)
    case together(CallBatch, position: Int)

    func resume(_ outcome: Outcome) {
        switch self {
        case .alone(let continuation): continuation.resume(returning: outcome)
        case .together(let batch, let position): batch.note(outcome, at: position)
        }
    }

    func resume(_ reply: RESPValue) {
        if case .error(let error) = reply { resume(.failure(RedisError(error))) } else { resume(.success(reply)) }
    }
}

/// Gathers the results of commands that one caller sends together.
final class CallBatch: Sendable {
    private struct State {
        var outcomes: [Caller.Outcome?]
        var missing: Int
        var continuation: CheckedContinuation<[Caller.Outcome], Never>?
    }

    private let state: Mutex<State>

    init(count: Int, _ continuation: CheckedContinuation<[Caller.Outcome], Never>) {
        state = Mutex(State(outcomes: Array(repeating: nil, count: count), missing: count, continuation: continuation))
    }

    func note(_ outcome: Caller.Outcome, at position: Int) {
        let done = state.withLock { state -> (CheckedContinuation<[Caller.Outcome], Never>, [Caller.Outcome])? in
            guard state.outcomes[position] == nil else { return nil }
            state.outcomes[position] = outcome
            state.missing -= 1
            guard state.missing == 0, let continuation = state.continuation else { return nil }
            state.continuation = nil
            return (continuation, state.outcomes.compactMap { $0 })
        }
        if let (continuation, outcomes) = done { continuation.resume(returning: outcomes) }
    }
}
