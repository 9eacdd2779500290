import Millrace
import Synchronization

/// Gathers what a service warns of.
final class Warnings: Sendable {
    private let state = Mutex<[RemoteWriteWarning]>([])

    var all: [RemoteWriteWarning] { state.withLock { $0 } }

    func add(_ warning: RemoteWriteWarning) {
        state.withLock { $0.append(warning) }
    }
}
