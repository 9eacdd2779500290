import MillraceCore
import Synchronization

/// A queue whose claims are counted.
struct WatchedQueue: ForwardingJobQueue {
    /// How jobs were asked for.
    final class Counts: Sendable {
        private let state = Mutex((looks: 0, given: 0))
        /// Claims that ask the queue which jobs there are, and claims of given jobs.
        var value: (looks: Int, given: Int) { state.withLock { $0 } }
        func noteLook() { state.withLock { $0.looks += 1 } }
        func noteGiven() { state.withLock { $0.given += 1 } }
    }

    let base: any JobQueueRepository
    let counts = Counts()

    init(_ base: any JobQueueRepository) {
        self.base = base
    }

    func claim(upTo limit: Int, from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        counts.noteLook()
        return try await base.claim(upTo: limit, from: scope, by: worker)
    }
    func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        counts.noteGiven()
        return try await base.claim(ids, from: scope, by: worker)
    }
}
