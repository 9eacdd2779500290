internal import MillraceCore
internal import Synchronization

/// The work that turned out to be impossible in this process lately, because it cannot read a recording.
final class Unreachable<ID: Hashable & Sendable>: Sendable {
    /// A folder may be mounted later; so long the work is not asked for again.
    private static var memory: Duration { .seconds(30) }

    /// Whether such work is left to other workers; otherwise it fails.
    let leavesToOthers: Bool
    private let time: MonotonicTime
    private let until = Mutex<[ID: Duration]>([:])

    init(leavesToOthers: Bool = true, time: MonotonicTime) {
        self.leavesToOthers = leavesToOthers
        self.time = time
    }

    func contains(_ id: ID) -> Bool {
        let now = time.now()
        return until.withLock { $0[id].map { $0 > now } ?? false }
    }

    /// Remembers it for a while, unless it is not left to others.
    func add(_ id: ID) {
        guard leavesToOthers else { return }
        until.withLock { $0[id] = time.now() + Self.memory }
    }

    func list() -> [ID] {
        let now = time.now()
        return until.withLock { until in
            until = until.filter { $0.value > now }
            return Array(until.keys)
        }
    }
}
