internal import Foundation
internal import MillraceCore
internal import Synchronization

/// Runs blocking work on threads of its own, a bounded number at once, for tasks that wait for it.
struct BlockingQueue: Sendable {
    private let operations: OperationQueue

    /// Makes a queue; `width` pieces of work run at once, the others wait in order.
    init(label: String, width: Int) {
        let queue = DispatchQueue(label: label, attributes: .concurrent)
        operations = OperationQueue()
        operations.name = label
        operations.underlyingQueue = queue
        operations.maxConcurrentOperationCount = width
    }

    /// Runs work and returns what it returns.
    ///
    /// When the waiting task is cancelled, work that has not begun is dropped at once; work that has begun is told by
    /// its `Cancellation` and waited for. Nothing here holds the work, or what
    /// it returned, any more when this returns or throws.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable (Cancellation) throws(TranscriptionError) -> Value
    ) async throws(TranscriptionError) -> Value {
        let ticket = Ticket(work)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard ticket.wait(with: continuation) else { return }
                operations.addOperation { ticket.perform() }
            }
        } onCancel: {
            ticket.cancel()
        }
        return try result.get()
    }

    /// Runs work that must be done in any case, also when the waiting task is cancelled.
    func finish<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            operations.addOperation { continuation.resume(returning: work()) }
        }
    }
}

/// Tells running work that nobody waits for it any more.
final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Throws `cancelled` when the waiting task was cancelled.
    func check() throws(TranscriptionError) {
        if flag.load(ordering: .relaxed) { throw .cancelledTask }
    }

    fileprivate func cancel() {
        flag.store(true, ordering: .relaxed)
    }
}

extension TranscriptionError {
    /// What a cancelled task throws.
    static let cancelledTask = TranscriptionError(.cancelled, "the task was cancelled")
}

/// One piece of work: resumes its continuation exactly once, and has let go of the work and of its outcome by then.
private final class Ticket<Value: Sendable>: Sendable {
    typealias Work = @Sendable (Cancellation) throws(TranscriptionError) -> Value
    typealias Outcome = Result<Value, TranscriptionError>

    private enum State {
        case new(Work)
        case waiting(CheckedContinuation<Outcome, Never>, Work)
        /// The work, until it is begun.
        case running(Work)
        case over
    }

    private let state: Mutex<State>
    private let cancellation = Cancellation()

    init(_ work: @escaping Work) {
        state = Mutex(.new(work))
    }

    /// Keeps the continuation; `false` when the work was cancelled before, and then it is resumed.
    func wait(with continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let mayRun = state.withLock { state in
            guard case .new(let work) = state else { return false }
            state = .waiting(continuation, work)
            return true
        }
        if !mayRun { continuation.resume(returning: .failure(.cancelledTask)) }
        return mayRun
    }

    func perform() {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard case .waiting(let continuation, let work) = state else { return nil }
            state = .running(work)
            return continuation
        }
        // Not by a name, which would hold the outcome for longer.
        continuation?.resume(returning: outcome())
    }

    /// Does the work; on its own, so that at the end it is let go of.
    private func outcome() -> Outcome {
        let work = state.withLock { state -> Work? in
            guard case .running(let work) = state else { return nil }
            state = .over
            return work
        }
        guard let work else { return .failure(.cancelledTask) }
        do throws(TranscriptionError) {
            return .success(try work(cancellation))
        } catch {
            return .failure(error)
        }
    }

    func cancel() {
        cancellation.cancel()
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            switch state {
            case .new:
                state = .over
                return nil
            case .waiting(let continuation, _):
                state = .over
                return continuation
            case .running, .over:
                return nil
            }
        }
        continuation?.resume(returning: .failure(.cancelledTask))
    }
}
