internal import MillraceCore

extension PostgresConnection {
    /// Runs a transaction on this connection, and commits it when `body` returns.
    ///
    /// `body` works with the connection that it is given, not with this one, which waits. A transaction in a transaction
    /// is a savepoint. When the transaction conflicts with others (SQLSTATE 40001, 40P01) the whole body is run again,
    /// `retries` times at most, after a moment. An error of `body` rolls back and is thrown on. A task that is cancelled
    /// before the commit rolls back; the commit itself is not cancelled. `statementTimeout` also holds on the server, which
    /// ends a statement a second after it should have ended by itself.
    @discardableResult
    public nonisolated(nonsending) func withTransaction<Value: Sendable>(
        isolation: PostgresIsolation = .readCommitted, retries: Int = 5,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await withTransaction(isolation, retries: retries, settings: "", body)
    }

    /// The same with a script of `SET LOCAL` that each attempt begins with.
    nonisolated(nonsending) func withTransaction<Value: Sendable>(
        _ isolation: PostgresIsolation, retries: Int, settings: String,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await gate.enter()
        defer { gate.leave() }
        if depth > 0 { return try await savepoint(body) }
        var attempt = 0
        while true {
            do {
                return try await transaction(isolation, settings, body)
            } catch {
                // A port's method that takes part in the transaction has wrapped what the server said.
                let cause = error as? PostgresError ?? (error as? StoreError)?.cause as? PostgresError
                guard attempt < retries, let cause, session.failure == nil, let state = cause.sqlState else {
                    throw error
                }
                if state.isPreparedStatementMismatch, attempt == 0 {
                    try await runner.findPooler()
                } else if !state.isTransactionConflict {
                    throw error
                }
                attempt += 1
                try await Self.pause(before: attempt)
            }
        }
    }

    private nonisolated(nonsending) func transaction<Value: Sendable>(
        _ isolation: PostgresIsolation, _ settings: String, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue)" + settings
        if let timeout = configuration.statementTimeout {
            // A second later than ours, which says more; and the server knows no more milliseconds than these.
            let limit = min(timeout.nanoseconds / 1_000_000 + 1_000, Int64(Int32.max))
            begin += "; SET LOCAL statement_timeout = \(limit)"
        }
        do {
            _ = try await runner.run(script: begin)
        } catch {
            // The second half may have failed, and the first be done.
            if session.failure == nil, session.isInTransaction { try? await rollBack("ROLLBACK") }
            throw error
        }
        return try await scope(body, commit: "COMMIT", rollback: "ROLLBACK")
    }

    private nonisolated(nonsending) func savepoint<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let name = "millrace_\(depth)"
        _ = try await runner.run(script: "SAVEPOINT \(name)")
        return try await scope(
            body, commit: "RELEASE SAVEPOINT \(name)",
            rollback: "ROLLBACK TO SAVEPOINT \(name); RELEASE SAVEPOINT \(name)")
    }

    private nonisolated(nonsending) func scope<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value, commit: String, rollback: String
    ) async throws -> Value {
        let inner = PostgresConnection(
            session: session, logger: logger, depth: depth + 1)
        do {
            let value = try await gate.holding { try await body(inner) }
            // Whoever still uses the inner connection is let finish, and nobody begins.
            try await inner.retire()
            if session.isInFailedTransaction {
                throw PostgresError(
                    .transactionAborted,
                    "a statement of the transaction failed and its error was passed over; nothing was stored")
            }
            if Task.isCancelled { throw PostgresError.cancelledTask }
            let result = try await runner.run(script: commit, shielded: true)
            guard result.commandTag != "ROLLBACK" else {
                throw PostgresError(.transactionAborted, "the server rolled the transaction back; nothing was stored")
            }
            return value
        } catch {
            inner.gate.end()
            if session.failure == nil, session.isInTransaction { try? await rollBack(rollback) }
            throw error
        }
    }

    private func rollBack(_ script: String) async throws(PostgresError) {
        do throws(PostgresError) {
            _ = try await runner.run(script: script, shielded: true)
        } catch {
            // A session in an unknown state is of use to nobody.
            session.drop("rolling back failed")
            throw error
        }
    }

    private func retire() async throws(PostgresError) {
        try await gate.enter()
        gate.end()
    }

    /// Up to 5, 10, 20 … 320 ms, at random, so that those who met do not meet again.
    private static func pause(before attempt: Int) async throws(PostgresError) {
        let limit = 5_000 << min(attempt - 1, 6)
        do {
            try await Task.sleep(for: .microseconds(Int.random(in: 0...limit)))
        } catch {
            throw .cancelledTask
        }
    }
}
