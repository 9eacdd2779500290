internal import MillraceCore
internal import Synchronization

/// Wakes a loop, and tells it whether there may be new work, or only something of its own has ended.
final class WorkBell: Sendable {
    private let bell = Doorbell()
    private let mayHaveWork = Atomic<Bool>(false)

    /// Says that there may be new work.
    func announceWork() {
        mayHaveWork.store(true, ordering: .releasing)
        bell.ring()
    }

    /// Says that something has ended, or is to be looked at.
    func ring() {
        bell.ring()
    }

    /// Whether work was announced since the last call.
    func takeAnnouncement() -> Bool {
        mayHaveWork.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Waits for the next ring, or for the task's cancellation; rings before the wait are remembered as one.
    func wait() async {
        await bell.wait()
    }
}
