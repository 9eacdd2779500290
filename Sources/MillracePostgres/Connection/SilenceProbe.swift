/// Looks from a second connection whether a session that nothing is heard of still works on its statement.
///
/// A network that loses everything, or a proxy that has forgotten the connection, looks just like a slow statement.
struct SilenceProbe {
    /// How long the second connection may take, and each of its statements.
    private static let patience = Duration.seconds(2)

    let session: Session
    let configuration: PostgresConfiguration

    /// Drops the session when its server is gone, or has nothing to do for it.
    func look() async {
        do throws(PostgresError) {
            guard try await isForgotten() else { return }
            session.drop("the server has nothing to do for it; its answer was lost on the way")
        } catch {
            // Of those who wait, some are told to stop; that says nothing of the server.
            guard error.code != .cancelled, error.sqlState != .tooManyConnections else { return }
            session.drop("nothing came back, and the server could not be asked from a second connection")
        }
    }

    /// Whether the server's process waits for us as we wait for it, twice in a row.
    private func isForgotten() async throws(PostgresError) -> Bool {
        let heard = session.lastHeard
        var own = configuration
        own.aim(at: session.target)
        own.connectTimeout = Self.patience
        own.statementTimeout = Self.patience
        own.prepared = .off
        let second = try await Connector(own).connect()
        defer { second.close() }
        let runner = StatementRunner(session: second, configuration: own)
        for attempt in 0..<2 {
            // An answer may be on its way while the question is asked.
            if attempt > 0 { try await Self.pause() }
            let answer = PostgresRows(
                try await runner.runUnprepared(Self.question, [.int4(session.backend)], timeout: Self.patience))
            guard let row = answer.first else { return false }
            let isPooled = try row.value(0, as: Int32.self) != second.backend
            let isWorking = try row.value(1, as: Bool.self)
            if isPooled || isWorking || session.lastHeard != heard { return false }
        }
        return true
    }

    /// Working is a process that has a statement and does not wait for its client: it has all that we have to say.
    private static let question = """
        SELECT pg_backend_pid(), EXISTS (
            SELECT FROM pg_catalog.pg_stat_activity
            WHERE pid = $1 AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client')
        """

    private static func pause() async throws(PostgresError) {
        do {
            try await Task.sleep(for: .milliseconds(500))
        } catch {
            throw .cancelledTask
        }
    }
}
