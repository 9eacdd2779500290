internal import GRDB
internal import MillraceCore
internal import Synchronization

/// Commits the transactions of many callers together: one `COMMIT`, one wait for the disk.
///
/// Of several callers each one's work runs in a savepoint of its own, so one that fails undoes only itself. Nobody is
/// told of success before the commit is on the disk; if the commit fails, all of the group fail.
final class GroupCommitWriter: Sendable {
    /// A longer group would keep its first callers waiting for the last ones' work.
    private static let groupLimit = 128

    private struct Request: Sendable {
        let id: UInt64
        /// Runs the caller's work; what it returns tells the caller, once the group is committed or has failed.
        let run: @Sendable (Database) throws -> @Sendable ((any Error)?) -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var queue: [Request] = []
        var nextID: UInt64 = 0
        var isDraining = false
    }

    private let pool: DatabasePool
    /// Throws when what is written would not be found again.
    private let precondition: @Sendable () throws -> Void
    /// Is called after every commit.
    private let onCommit: @Sendable () -> Void
    private let state = Mutex(State())

    init(
        _ pool: DatabasePool, precondition: @escaping @Sendable () throws -> Void,
        onCommit: @escaping @Sendable () -> Void
    ) {
        self.pool = pool
        self.precondition = precondition
        self.onCommit = onCommit
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let path = pool.path
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let result: Result<Value, StoreError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let request = Request(
                    id: id,
                    run: { db in
                        let value = try body(db)
                        return { failure in
                            continuation.resume(
                                returning: failure.map { .failure(StoreError(sqlite: $0, store: path)) }
                                    ?? .success(value))
                        }
                    },
                    fail: { continuation.resume(returning: .failure(StoreError(sqlite: $0, store: path))) })
                submit(request)
            }
        } onCancel: {
            withdraw(id)
        }
        return try result.get()
    }

    private func submit(_ request: Request) {
        enum Step { case wait, drain, refuse }
        let step: Step = state.withLock { state in
            if Task.isCancelled { return .refuse }
            state.queue.append(request)
            if state.isDraining { return .wait }
            state.isDraining = true
            return .drain
        }
        switch step {
        case .wait: break
        case .drain: scheduleDrain()
        case .refuse: request.fail(CancellationError())
        }
    }

    /// Takes a request back that no group has begun; one that has begun is finished.
    private func withdraw(_ id: UInt64) {
        let request = state.withLock { state in
            state.queue.firstIndex { $0.id == id }.map { state.queue.remove(at: $0) }
        }
        request?.fail(CancellationError())
    }

    private func scheduleDrain() {
        pool.asyncWriteWithoutTransaction { [self] db in
            commit(nextGroup(), in: db)
            let isMore = state.withLock { state in
                state.isDraining = !state.queue.isEmpty
                return state.isDraining
            }
            // Scheduled anew rather than looped, so that other work of the pool gets its turn.
            if isMore { scheduleDrain() }
        }
    }

    private func nextGroup() -> [Request] {
        state.withLock { state in
            let group = Array(state.queue.prefix(Self.groupLimit))
            state.queue.removeFirst(group.count)
            return group
        }
    }

    private func commit(_ group: [Request], in db: Database) {
        guard !group.isEmpty else { return }
        var done: [@Sendable ((any Error)?) -> Void] = []
        // One that failed is told at the end like all others, unless the whole group fails first.
        var failed: [(Request, any Error)] = []
        do {
            try precondition()
            try db.inTransaction(.immediate) {
                for request in group {
                    do {
                        done.append(try group.count == 1 ? request.run(db) : apart(request, in: db))
                    } catch {
                        failed.append((request, error))
                        // One that is alone has the transaction to itself. And some failures end the whole of it: a
                        // full disk, for one.
                        guard group.count > 1, db.isInsideTransaction else { throw error }
                    }
                }
                return .commit
            }
            onCommit()
            for tell in done { tell(nil) }
            for (request, error) in failed { request.fail(error) }
        } catch {
            for tell in done { tell(error) }
            for (request, cause) in failed { request.fail(cause) }
            for request in group.dropFirst(done.count + failed.count) { request.fail(error) }
        }
    }

    /// Runs a caller's work in a savepoint, so that its failure undoes nothing of the others.
    private func apart(_ request: Request, in db: Database) throws -> @Sendable ((any Error)?) -> Void {
        var tell: (@Sendable ((any Error)?) -> Void)?
        try db.inSavepoint {
            tell = try request.run(db)
            return .commit
        }
        guard let tell else { throw StoreError(.unexpected, "the transaction did not run") }
        return tell
    }
}
