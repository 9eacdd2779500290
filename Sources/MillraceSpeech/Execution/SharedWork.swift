internal import Foundation
internal import MillraceCore
internal import Synchronization

/// Lets work for one key be done once for all who want it at the same time.
///
/// The first to come does it in its own task; the others wait and get what it got. If its task is cancelled, one of
/// them does it instead.
final class SharedWork<Key: Hashable & Sendable>: Sendable {
    private enum Outcome: Sendable {
        case done
        case failed(TranscriptionError)
        case given
    }

    private typealias Waiter = CheckedContinuation<Outcome, Never>

    private let waiters = Mutex<[Key: [UUID: Waiter]]>([:])

    /// Does the work, or waits for whoever is at it.
    func run(
        _ key: Key, _ work: @Sendable () async throws(TranscriptionError) -> Void
    ) async throws(TranscriptionError) {
        while true {
            let isFirst = waiters.withLock { waiters in
                guard waiters[key] == nil else { return false }
                waiters[key] = [:]
                return true
            }
            if isFirst { return try await perform(key, work) }
            switch await outcome(of: key) {
            case .done: return
            case .failed(let error): throw error
            case .given: if Task.isCancelled { throw .cancelledTask }
            }
        }
    }

    /// How many wait for the work of another.
    func waiting(for key: Key) -> Int { waiters.withLock { $0[key]?.count ?? 0 } }

    private func perform(
        _ key: Key, _ work: @Sendable () async throws(TranscriptionError) -> Void
    ) async throws(TranscriptionError) {
        do throws(TranscriptionError) {
            try await work()
        } catch {
            finish(key, error.code == .cancelled ? .given : .failed(error))
            throw error
        }
        finish(key, .done)
    }

    private func finish(_ key: Key, _ outcome: Outcome) {
        let waiting = waiters.withLock { $0.removeValue(forKey: key) } ?? [:]
        for waiter in waiting.values { waiter.resume(returning: outcome) }
    }

    /// Waits until the work is no longer done by another; `given` when that has ended without an answer.
    private func outcome(of key: Key) async -> Outcome {
        let id = UUID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = waiters.withLock { waiters in
                    // Cancelled before this, the handler found nobody to wake.
                    guard waiters[key] != nil, !Task.isCancelled else { return false }
                    waiters[key]?[id] = continuation
                    return true
                }
                if !isWaiting { continuation.resume(returning: .given) }
            }
        } onCancel: {
            waiters.withLock { $0[key]?.removeValue(forKey: id) }?.resume(returning: .given)
        }
    }
}
