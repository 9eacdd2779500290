internal import MillraceCore

extension PostgresStore {
    /// Runs a transaction of the caller's own, in which the adapters' methods that take a connection may take part.
    ///
    /// What `body` throws undoes all of it, and is thrown. The whole of `body` is run again when the server could not
    /// put the transaction in an order with others, so it must have no effects but in the database. Statements are planned
    /// anew each time, by the server's own settings, and not by those that the store's connections have for its
    /// statements.
    ///
    /// - Throws: what `body` throws, an error of PostgreSQL as `StoreError`; `StoreError` when the commit fails.
    public nonisolated(nonsending) func transaction<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await transaction(settings: PostgresPool.plainPlanning, body)
    }

    private nonisolated(nonsending) func transaction<Value: Sendable>(
        settings: String, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.withConnection { connection in
                try await connection.withTransaction(
                    .readCommitted, retries: Self.conflictRetries, settings: settings, body)
            }
        } catch let error as PostgresError {
            throw StoreError(postgres: error, store: name)
        }
    }

    /// Runs a transaction; either all of it is on the server's disk when this returns, or nothing of it is.
    ///
    /// Run again when others came in its way. After ``StoreError/Code-swift.struct/unavailable`` it may have been
    /// committed.
    nonisolated(nonsending) func write<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await transaction(settings: "", body)
        } catch {
            throw StoreError(postgres: error, store: name)
        }
    }

    /// Runs statements on one connection, each a transaction of its own.
    ///
    /// When all of `body` `isIdempotent`, it is run again after the connection broke in the middle of it.
    nonisolated(nonsending) func withConnection<Value: Sendable>(
        isIdempotent: Bool = false, _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            do {
                return try await pool.withConnection(body)
            } catch let error as PostgresError where error.code == .connectionLost && isIdempotent {
                return try await pool.withConnection(body)
            }
        } catch {
            throw StoreError(postgres: error, store: name)
        }
    }

    /// Runs one statement and reads its rows.
    ///
    /// Run again when other transactions came in its way: nothing of it was done then. When it `isIdempotent`, as
    /// whatever only reads, also when it is not known whether it was run, because the connection broke.
    nonisolated(nonsending) func rows<Value: Sendable>(
        _ sql: String, _ parameters: [PostgresParameter] = [], isIdempotent: Bool = false,
        _ read: (inout RowReader) throws -> Value
    ) async throws(StoreError) -> [Value] {
        try await statement(isIdempotent: isIdempotent) { try await $0.rows(sql, parameters, read) }
    }

    /// Runs one statement that has no rows.
    ///
    /// - Returns: the number of rows changed.
    @discardableResult
    nonisolated(nonsending) func execute(
        _ sql: String, _ parameters: [PostgresParameter] = [], isIdempotent: Bool = false
    ) async throws(StoreError) -> Int {
        try await statement(isIdempotent: isIdempotent) { try await $0.execute(sql, parameters) }
    }

    /// Runs what is one statement at its core, or may be run as a whole again when others came in its way.
    nonisolated(nonsending) func statement<Value: Sendable>(
        isIdempotent: Bool = false, _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws(StoreError) -> Value {
        var conflicts = 0
        while true {
            do throws(StoreError) {
                return try await withConnection(isIdempotent: isIdempotent, body)
            } catch {
                let state = (error.cause as? PostgresError)?.code.sqlState
                guard state?.isTransactionConflict == true, conflicts < Self.conflictRetries else { throw error }
                conflicts += 1
            }
        }
    }
}
