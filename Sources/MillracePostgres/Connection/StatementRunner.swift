internal import Synchronization

/// Runs statements on a session that is its caller's alone, as long as they take.
struct StatementRunner {
    let session: Session

    private var prepares: Bool {
        session.configuration.prepared == .automatic && !session.configuration.preparedSwitch.isOff
    }

    /// Runs a statement, prepared if that is on; prepares it when the session sees it for the first time.
    nonisolated(nonsending) func run(_ sql: String, _ parameters: [PostgresParameter]) async throws(PostgresError)
        -> ResultStorage
    {
        guard prepares else {
            return try await runUnprepared(sql, parameters, timeout: session.configuration.statementTimeout)
        }
        do throws(PostgresError) {
            return try await runPrepared(sql, parameters)
        } catch {
            // In a transaction, which has failed with it, the statement alone cannot be run again.
            guard forgets(after: error, sql), !session.isInTransaction else { throw error }
            if error.sqlState?.isPreparedStatementMismatch == true { try await findPooler() }
        }
        if prepares { return try await runPrepared(sql, parameters) }
        return try await runUnprepared(sql, parameters, timeout: session.configuration.statementTimeout)
    }

    /// Runs a statement that the server parses anew.
    nonisolated(nonsending) func runUnprepared(
        _ sql: String, _ parameters: [PostgresParameter] = [], timeout: Duration?, shielded: Bool = false
    ) async throws(PostgresError) -> ResultStorage {
        try await finish(.statement(sql, parameters, prepared: false), timeout: timeout, shielded: shielded)
    }

    /// Runs statements without parameters; returns the last one's result.
    nonisolated(nonsending) func run(script: String, shielded: Bool = false) async throws(PostgresError)
        -> ResultStorage
    {
        try await finish(.script(script), timeout: session.configuration.statementTimeout, shielded: shielded)
    }

    /// Waits for an exchange's next event that is not silence.
    nonisolated(nonsending) func next(_ id: UInt64, after event: ExchangeEvent, shielded: Bool = false) async
        -> ExchangeEvent
    {
        guard case .silent = event else { return event }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { [session] in await SilenceProbe.watch(session) }
            defer { group.cancelAll() }
            var event = event
            var silences = 0
            while case .silent = event {
                silences += 1
                if Task.isCancelled, silences >= 3 {
                    // A task that was cancelled cannot ask, and must not wait for ever to end its transaction.
                    session.drop("no answer came at the end of a cancelled task")
                }
                event = await session.next(id, shielded: shielded)
            }
            return event
        }
    }

    private nonisolated(nonsending) func runPrepared(
        _ sql: String, _ parameters: [PostgresParameter]
    ) async throws(PostgresError) -> ResultStorage {
        while true {
            if Task.isCancelled { throw .cancelledTask }
            let request = Request.statement(sql, parameters, prepared: true)
            let (id, first) = await session.start(request, timeout: session.configuration.statementTimeout)
            switch await next(id, after: first) {
            case .done(let result): return result
            case .failed(let failure): throw failure.error
            case .mustPrepare(let types):
                let preparation = Request.preparation(sql, types: types)
                _ = try await finish(preparation, timeout: session.configuration.statementTimeout)
            case .isFull:
                _ = try await run(script: "DEALLOCATE ALL")
                session.noteDeallocation()
            case .copyReady: try await refuseCopy(id)
            case .sent, .silent: throw PostgresError(.misuse, "no rows were sent")
            }
        }
    }

    private nonisolated(nonsending) func finish(
        _ request: Request, timeout: Duration?, shielded: Bool = false
    ) async throws(PostgresError) -> ResultStorage {
        if !shielded, Task.isCancelled { throw .cancelledTask }
        let (id, first) = await session.start(request, timeout: timeout, shielded: shielded)
        switch await next(id, after: first, shielded: shielded) {
        case .done(let result): return result
        case .failed(let failure): throw failure.error
        case .copyReady: return try await refuseCopy(id)
        case .mustPrepare, .isFull, .sent, .silent: throw PostgresError(.misuse, "no statement was sent")
        }
    }

    @discardableResult
    private nonisolated(nonsending) func refuseCopy(_ id: UInt64) async throws(PostgresError) -> ResultStorage {
        session.endCopy(id, refusal: "use copyIn")
        _ = await next(id, after: session.next(id, shielded: true), shielded: true)
        throw PostgresError(.misuse, "a COPY must be run by copyIn")
    }

    /// Asks which server answers: one that does not know its session's statements is another than before, which only a
    /// pooler brings about, or has been told to forget them.
    nonisolated(nonsending) func findPooler() async throws(PostgresError) {
        let answer = try await runUnprepared(
            "SELECT pg_catalog.pg_backend_pid()", timeout: session.configuration.connectTimeout)
        guard try PostgresRows(answer)[0].value(0, as: Int32.self) != session.backend else { return }
        session.isPooled.store(true, ordering: .relaxed)
        session.configuration.preparedSwitch.turnOff()
    }

    /// Forgets what a failed statement shows to be no longer so; returns whether it may be run again then.
    private func forgets(after error: PostgresError, _ sql: String) -> Bool {
        if error.sqlState?.isPreparedStatementMismatch == true {
            session.forgetAll()
            return true
        }
        // A table has changed since the statement was prepared. The code alone says many other things.
        guard error.sqlState == .featureNotSupported, error.sourceFunction == "RevalidateCachedQuery" else {
            return false
        }
        session.forget(sql)
        return true
    }
}

extension SQLState {
    /// Whether the server and its session differ in what is prepared.
    var isPreparedStatementMismatch: Bool { self == .invalidStatementName || self == .duplicatePreparedStatement }
}
