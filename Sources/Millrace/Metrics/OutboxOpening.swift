internal import MillraceCore
internal import MillracePrometheus
internal import Synchronization

/// A log of samples that is opened when it is first asked for, so that who only asks a server takes no place from those who
/// measure.
final class OutboxOpening: Sendable {
    /// The log, and what writes to it.
    struct Opened: Sendable {
        let outbox: Outbox
        let recorder: RemoteWriteRecorder
    }

    private let folder: String
    private let opening = Mutex<Task<Opened, any Error>?>(nil)

    init(folder: String) {
        self.folder = folder
    }

    /// The log; the same one for all who ask, and tried again when it could not be opened.
    func opened() async throws(StoreError) -> Opened {
        let task = opening.withLock { opening in
            if let opening { return opening }
            // A task of its own: many wait for it, and it is not to end with the first of them.
            let task = Task { [folder] in
                let outbox = try await Outbox.open(folder: folder)
                return Opened(outbox: outbox, recorder: RemoteWriteRecorder(outbox))
            }
            opening = task
            return task
        }
        do {
            return try await task.value
        } catch {
            opening.withLock { if $0 == task { $0 = nil } }
            throw error as? StoreError ?? StoreError(.unexpected, "the metrics outbox cannot be opened", cause: error)
        }
    }

    /// Closes the log, if it was opened.
    func close() async {
        let task = opening.withLock { opening in
            defer { opening = nil }
            return opening
        }
        if let opened = try? await task?.value { await opened.outbox.close() }
    }
}
