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
    /// its `Cancellation` and waited for.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable (Cancellation) throws(TranscriptionError) -> Value
    ) async throws(TranscriptionError) -> Value {
        let ticket = Ticket<Value>()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard ticket.wait(with: continuation) else { return }
                operations.addOperation { ticket.perform(work) }
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

/// One piece of work: resumes its continuation exactly once.
private final class Ticket<Value: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Result<Value, TranscriptionError>, Never>)
        case running
        case cancelled
    }

    private let state = Mutex<State>(.new)
    private let cancellation = Cancellation()

    /// Keeps the continuation; `false` when the work was cancelled before, and then it is resumed.
    func wait(with continuation: CheckedContinuation<Result<Value, TranscriptionError>, Never>) -> Bool {
        let mayRun = state.withLock { state in
            guard case .new = state else { return false }
            state = .waiting(continuation)
            return true
        }
        if !mayRun { continuation.resume(returning: .failure(.cancelledTask)) }
        return mayRun
    }

    func perform(_ work: (Cancellation) throws(TranscriptionError) -> Value) {
        let continuation = state.withLock { state -> CheckedContinuation<Result<Value, TranscriptionError>, Never>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = .running
            return continuation
        }
        guard let continuation else { return }
        do throws(TranscriptionError) {
            continuation.resume(returning: .success(try work(cancellation)))
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }

    func cancel() {
        cancellation.cancel()
        let continuation = state.withLock { state -> CheckedContinuation<Result<Value, TranscriptionError>, Never>? in
            switch state {
            case .new:
                state = .cancelled
                return nil
            case .waiting(let continuation):
                state = .cancelled
                return continuation
            case .running, .cancelled:
                return nil
            }
        }
        continuation?.resume(returning: .failure(.cancelledTask))
    }
}
