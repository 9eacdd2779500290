internal import Foundation
internal import MillraceCore
internal import Synchronization

/// What happens on the thread that writes.
extension Outbox {
    private struct Result {
        let continuation: CheckedContinuation<StoreError?, Never>
        var failure: StoreError?
    }

    /// Tells the thread that there is something to write.
    func tell(_ state: inout OutboxState) {
        guard !state.isWriting, !state.work.isEmpty else { return }
        state.isWriting = true
        writing.async { [self] in write() }
    }

    /// Writes until there is nothing to write.
    func write() {
        while true {
            let work = state.withLock { state in
                let work = state.work
                state.work = OutboxState.Work()
                if work.isEmpty { state.isWriting = false }
                return work
            }
            guard !work.isEmpty else { return }
            // First, so that what is refused is kept when the process ends before it is written that it is.
            for item in work.refused { quarantine.add(item) }
            let results = log.withLock { write(work, &$0) }
            for result in results { result.continuation.resume(returning: result.failure) }
        }
    }

    private func write(_ work: OutboxState.Work, _ log: inout OutboxLog?) -> [Result] {
        guard log != nil else {
            return work.appends.map { Result(continuation: $0.continuation, failure: Self.closed) }
        }
        if !work.events.isEmpty { log?.add(work.events) }
        var results = work.appends.map { Result(continuation: $0.continuation, failure: append($0, &log)) }
        if options.syncWindow == .zero, let failure = log?.sync() {
            for index in results.indices where results[index].failure == nil { results[index].failure = failure }
        }
        log?.tidy(giveUp: giveUp)
        let mustSync = state.withLock { state in
            state.files = log?.files ?? [:]
            state.bytes = log?.bytes ?? 0
            state.syncedBytes = log?.syncedBytes ?? 0
            guard log?.isUnsynced == true, !state.isSyncing else { return false }
            state.isSyncing = true
            return true
        }
        if mustSync { syncLater() }
        return results
    }

    /// Writes the drafts of one who waits, which are seen from then on.
    private func append(_ append: OutboxState.Append, _ log: inout OutboxLog?) -> StoreError? {
        let written = log?.add(append.drafts, giveUp: giveUp)
        let waiting = state.withLock { state in
            for entry in written?.entries ?? [] {
                state.index.accounting.enqueued += entry.sampleCount
                state.index.insert(entry)
            }
            state.files = log?.files ?? [:]
            return state.released()
        }
        for continuation in waiting { continuation.resume() }
        return written?.failure
    }

    /// Takes what waits in a file out, since it is about to be deleted.
    private func giveUp(_ segment: Int) -> [OutboxEvent] {
        state.withLock { state in
            state.index.removeAll(in: segment).map { entry in
                let event = OutboxEvent(
                    .block(shard: entry.shard, sequence: entry.sequence), .overflow, entry.sampleCount)
                state.index.accounting.count(event)
                return event
            }
        }
    }

    private func syncLater() {
        let window = max(options.syncWindow, .milliseconds(1))
        writing.asyncAfter(deadline: .now() + window.inSeconds) { [weak self] in
            guard let self else { return }
            let isLeft = log.withLock { log in
                _ = log?.sync()
                let (isLeft, synced) = (log?.isUnsynced == true, log?.syncedBytes)
                state.withLock { state in
                    state.isSyncing = isLeft
                    state.syncedBytes = synced ?? state.syncedBytes
                }
                return isLeft
            }
            if isLeft { syncLater() }
        }
    }
}
