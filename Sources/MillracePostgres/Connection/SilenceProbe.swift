internal import Synchronization

/// Looks from a second connection whether a session that nothing is heard of still works on its statement.
///
/// A network that loses everything, or a proxy that has forgotten the connection, looks just like a slow statement.
struct SilenceProbe {
    /// How long the second connection may take, and each of its statements.
    private static let patience = Duration.seconds(4)

    let session: Session

    /// Drops the session when its server cannot be reached, or has nothing to do for it.
    func look() async {
        var own = session.configuration
        own.aim(at: session.target)
        own.connectTimeout = Self.patience
        let second: Session
        do throws(PostgresError) {
            second = try await Connector(own).connect()
        } catch {
            // Who was told to stop has not learnt anything; a server that refuses in its own words is there.
            guard error.code != .cancelled, error.serverMessage == nil else { return }
            return session.drop("nothing came back, and no second connection could be made")
        }
        defer { second.close() }
        // What a pooler's servers do for us cannot be seen; it is there.
        guard !session.isPooled.load(ordering: .relaxed) else { return }
        // A question that is not answered says that the server is slow.
        if let isForgotten = try? await isForgotten(asking: second), isForgotten {
            session.drop("the server has nothing to do for it; its answer was lost on the way")
            await end(askedBy: second)
        }
    }

    /// Whether the server's process waits for us as we wait for it, twice in a row.
    private func isForgotten(asking second: Session) async throws(PostgresError) -> Bool {
        let heard = session.lastHeard
        let runner = StatementRunner(session: second)
        for attempt in 0..<2 {
            // An answer may be on its way while the question is asked.
            if attempt > 0 { try await Self.pause() }
            let answer = PostgresRows(
                try await runner.runUnprepared(Self.question, [.int4(session.backend)], timeout: Self.patience))
            let isWorking = try answer.first?.value(0, as: Bool.self) ?? true
            if isWorking || session.lastHeard != heard { return false }
        }
        return true
    }

    /// Ends the server's process: a transaction of it would keep its locks for as long as it waits for us.
    private func end(askedBy second: Session) async {
        let runner = StatementRunner(session: second)
        _ = try? await runner.runUnprepared(Self.farewell, [.int4(session.backend)], timeout: Self.patience)
    }

    private static let farewell = """
        SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
        WHERE pid = $1 AND usename = current_user AND (state <> 'active' OR wait_event_type = 'Client')
        """

    /// Working is a process that has a statement and does not wait for its client: it has all that we have to say.
    private static let question = """
        SELECT EXISTS (
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
