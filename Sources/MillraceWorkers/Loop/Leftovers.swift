internal import MillraceCore
internal import Synchronization

/// Outcomes that could not be settled before their worker's lease was given up.
///
/// They were worked for, and while the store refused everybody nobody took the work over: then their tokens still hold
/// when the store takes work again. If somebody did, settling them changes nothing.
final class Leftovers<Settlement: Sendable>: Sendable {
    private let settlements = Mutex<[Settlement]>([])

    func keep(_ more: [Settlement]) {
        settlements.withLock { $0 += more }
    }

    func takeAll() -> [Settlement] {
        settlements.withLock { settlements in
            defer { settlements = [] }
            return settlements
        }
    }
}

/// What the sessions of one worker leave to the next.
struct WorkerLeftovers: Sendable {
    let jobs = Leftovers<Traced<JobSettlement>>()
    let chunks = Leftovers<Traced<ChunkSettlement>>()
}
