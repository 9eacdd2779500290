internal import Foundation
internal import MillraceCore
internal import Synchronization

/// Long work on files, done on threads of its own for tasks that wait for it.
enum FileWork {
    /// Tells running work that nobody waits for it any more.
    final class Cancellation: Sendable {
        private let flag = Atomic<Bool>(false)

        func cancel() { flag.store(true, ordering: .relaxed) }

        /// Throws `cancelled` when the waiting task was cancelled.
        func check() throws(StoreError) {
            if flag.load(ordering: .relaxed) { throw StoreError(.cancelled, "cancelled") }
        }
    }

    private static let queue = DispatchQueue(label: "millrace.store-maintenance", attributes: .concurrent)

    /// Runs work, and returns when it has ended; a cancelled task tells it to end early.
    static func run<Value: Sendable>(
        on path: String, _ work: @escaping @Sendable (Cancellation) throws -> Value
    ) async throws(StoreError) -> Value {
        let cancellation = Cancellation()
        let result: Result<Value, StoreError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async {
                    do {
                        try cancellation.check()
                        continuation.resume(returning: .success(try work(cancellation)))
                    } catch {
                        continuation.resume(returning: .failure(StoreError(sqlite: error, store: path)))
                    }
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        return try result.get()
    }
}
