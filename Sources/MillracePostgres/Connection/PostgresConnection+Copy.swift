extension PostgresConnection {
    /// Sends rows to a `COPY … FROM STDIN (FORMAT binary)`, and returns how many there were.
    ///
    /// `write` puts each element's columns in order. No more is taken from `rows` than the server takes. When `rows` or
    /// `write` throws, or the task is cancelled, nothing is stored, and the connection remains usable.
    @discardableResult
    public nonisolated(nonsending) func copyIn<Rows: AsyncSequence>(
        _ sql: String, rows: Rows, _ write: (Rows.Element, inout CopyRow) throws -> Void
    ) async throws -> Int {
        try await copying(sql) { copy in
            for try await row in rows { try await copy.add { try write(row, &$0) } }
        }
    }

    /// The same for rows that are at hand.
    @discardableResult
    public nonisolated(nonsending) func copyIn<Rows: Sequence>(
        _ sql: String, rows: Rows, _ write: (Rows.Element, inout CopyRow) throws -> Void
    ) async throws -> Int {
        try await copying(sql) { copy in
            for row in rows { try await copy.add { try write(row, &$0) } }
        }
    }

    private nonisolated(nonsending) func copying(
        _ sql: String, _ body: (inout CopyStream) async throws -> Void
    ) async throws -> Int {
        try await gate.enter()
        defer { gate.leave() }
        let echo = Echo(logger, session, sql)
        defer { echo?.end() }
        var copy = try await CopyStream(sql, runner)
        do {
            try await body(&copy)
            return try await copy.end()
        } catch {
            await copy.abandon()
            // The session's end says more than what it did to the rows.
            throw error
        }
    }
}
