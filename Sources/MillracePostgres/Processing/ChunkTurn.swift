internal import MillraceCore
internal import Synchronization

/// Remembers whose turn it was last, so that processings of one priority are served one after another.
///
/// Each process goes round by itself. A time on the row of each processing would be exact for the whole fleet, but to
/// find the one that has waited longest all of them would have to be read, or an index be changed with every claim.
final class ChunkTurn: Sendable {
    private let last = Mutex<ProcessingID?>(nil)

    /// The processing that was served last; `nil` before the first.
    var latest: ProcessingID? { last.withLock { $0 } }

    func note(_ processing: ProcessingID) {
        last.withLock { $0 = processing }
    }
}
