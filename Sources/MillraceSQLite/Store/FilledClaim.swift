internal import MillraceCore
internal import Synchronization

/// Remembers whose last claim got all that it asked for.
///
/// There is likely more for that worker, and looking first would cost about as much as claiming.
final class FilledClaim<Scope: Equatable & Sendable>: Sendable {
    private struct Claimer: Equatable {
        var worker: WorkerID
        var scope: Scope
    }

    private let last = Mutex<Claimer?>(nil)

    func wasLast(by worker: WorkerID, from scope: Scope) -> Bool {
        last.withLock { $0 == Claimer(worker: worker, scope: scope) }
    }

    func note(_ isFilled: Bool, by worker: WorkerID, from scope: Scope) {
        let claimer = Claimer(worker: worker, scope: scope)
        last.withLock { last in
            if isFilled {
                last = claimer
            } else if last == claimer {
                last = nil
            }
        }
    }
}
