internal import MillraceCore
internal import Synchronization

/// The processings whose recordings this process could not read lately.
final class UnreachableRecordings: Sendable {
    /// A folder may be mounted later; so long a recording is not asked for again.
    private static let memory = Duration.seconds(30)

    /// Whether such work is left to other workers; otherwise its chunks fail.
    let leavesToOthers: Bool
    private let time: MonotonicTime
    private let until = Mutex<[ProcessingID: Duration]>([:])

    init(leavesToOthers: Bool, time: MonotonicTime) {
        self.leavesToOthers = leavesToOthers
        self.time = time
    }

    func add(_ id: ProcessingID) {
        until.withLock { $0[id] = time.now() + Self.memory }
    }

    func list() -> [ProcessingID] {
        let now = time.now()
        return until.withLock { until in
            until = until.filter { $0.value > now }
            return Array(until.keys)
        }
    }
}
