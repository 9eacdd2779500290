internal import Synchronization

/// Looks from a second connection whether sessions that nothing is heard of still work on their statements.
///
/// A network that loses everything, or a proxy that has forgotten the connection, looks just like a slow statement. When
/// a server is slow, many sessions are silent at once: all that lead to one server share the second connection, which
/// lasts as long as one of them is silent.
final class SilenceProbe: Sendable {
    /// How long the second connection may take, and each of its statements: a second connection that goes silent with the
    /// others, and two attempts to make another, fit into the 10 s after which a dead connection is dropped.
    private static let patience = Duration.milliseconds(2_250)

    /// The probes in use, by where they lead.
    private static let running = Mutex<[[String: String]: SilenceProbe]>([:])

    private enum Line {
        case open(Session, isNew: Bool)
        /// Nobody answered, twice in a row, the first time from then on.
        case dead(since: Int64)
        /// Nothing is known: the server refused in its own words, or this machine has run out of something.
        case unknown
    }

    private enum Finding {
        case isIdle
        case isUnclear
        case isThere
        case isDropped
    }

    private struct State {
        /// How many sessions are looked after.
        var userCount = 0
        var second: Session?
        /// When those attempts to connect began, since the last that did not fail, that got no answer.
        var failures: [Int64] = []
    }

    private let configuration: PostgresConfiguration
    /// One question at a time, and one attempt to connect.
    private let gate = Gate()
    private let state = Mutex(State())

    private init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// Looks after a session that is silent, until it is heard again and its answer is there, which cancels this, or until
    /// it was dropped, because its server cannot be reached or has nothing to do for it.
    static func watch(_ session: Session) async {
        var own = session.configuration
        own.aim(at: session.target)
        own.connectTimeout = patience
        let probe = join(own)
        defer { probe.leave() }
        while !Task.isCancelled, let heard = session.lastHeard {
            let rest = heard + SessionTimes.silence - Nanoseconds.now
            if rest <= 0, await probe.look(at: session, silentSince: heard) { return }
            try? await Task.sleep(for: .nanoseconds(rest > 0 ? rest : SessionTimes.silence))
        }
    }

    private static func join(_ configuration: PostgresConfiguration) -> SilenceProbe {
        running.withLock { running in
            let probe = running[configuration.settings] ?? SilenceProbe(configuration)
            running[configuration.settings] = probe
            probe.state.withLock { $0.userCount += 1 }
            return probe
        }
    }

    private func leave() {
        let unused = Self.running.withLock { running in
            state.withLock { state -> Session? in
                state.userCount -= 1
                guard state.userCount == 0 else { return nil }
                running[configuration.settings] = nil
                return state.second
            }
        }
        unused?.close()
    }

    private var second: Session? { state.withLock { $0.second } }

    /// Drops a session that is dead; returns whether it did.
    private func look(at session: Session, silentSince heard: Int64) async -> Bool {
        let unsent = session.unsentBytes
        var idleCount = 0
        while true {
            guard (try? await gate.enter()) != nil else { return false }
            // An answer may be on its way while the question is asked, so it is asked twice.
            let finding = await find(session, silentSince: heard, unsent, isCertain: idleCount > 0)
            gate.leave()
            switch finding {
            case .isThere: return false
            case .isDropped: return true
            case .isUnclear: continue
            case .isIdle: idleCount += 1
            }
            guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return false }
        }
    }

    private func find(
        _ session: Session, silentSince heard: Int64, _ unsent: Int32?, isCertain: Bool
    ) async -> Finding {
        // A request that is still being taken, however slowly, has no answer yet.
        func drop(_ reason: String) -> Bool {
            session.unsentBytes == unsent && session.drop(reason, ifSilentSince: heard)
        }
        guard session.lastHeard == heard else { return .isThere }
        switch await line(silentSince: heard) {
        case .unknown:
            return .isThere
        case .dead(let since):
            guard !session.hasServerSpoken(since: since) else { return .isThere }
            return drop("nothing came back, and no second connection could be made") ? .isDropped : .isThere
        case .open(let second, let isNew):
            guard let isIdle = await ask(second, session.isHidden ? Self.ping : Self.question, about: session) else {
                second.close()
                // Who has just let us in is slow; who was there before may have gone.
                return isNew ? .isThere : .isUnclear
            }
            guard isIdle else { return .isThere }
            guard isCertain else { return .isIdle }
            guard drop("the server has nothing to do for it; its answer was lost on the way") else { return .isThere }
            // A transaction of the server's process would keep its locks for as long as it waits for us.
            _ = await ask(second, Self.farewell, about: session)
            return .isDropped
        }
    }

    /// The second connection; made, in two attempts, when there is none.
    private func line(silentSince heard: Int64) async -> Line {
        if let second, second.failure == nil { return .open(second, isNew: false) }
        while true {
            let failures = state.withLock { $0.failures.filter { $0 >= heard } }
            if failures.count >= 2 { return .dead(since: failures[0]) }
            let start = Nanoseconds.now
            do throws(PostgresError) {
                let second = try await Connector(configuration).connect()
                state.withLock { state in
                    state.second = second
                    state.failures = []
                }
                return .open(second, isNew: true)
            } catch {
                guard error.code == .timedOut else { return .unknown }
                state.withLock { $0.failures = $0.failures.suffix(1) + [start] }
            }
        }
    }

    /// What the server answers, yes or no; `nil` when it does not in time.
    private func ask(_ second: Session, _ question: String, about session: Session) async -> Bool? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                if (try? await Task.sleep(for: Self.patience)) != nil { second.close() }
            }
            defer { group.cancelAll() }
            let parameters: [PostgresParameter] =
                question == Self.ping
                ? []
                : [
                    .int4(session.backend), .int8(session.backendStart.load(ordering: .relaxed)),
                    .int8(session.serverStart.load(ordering: .relaxed)),
                ]
            // Shielded, for a task that is cancelled here has its answer, and others use this connection.
            let answer = try? await StatementRunner(session: second).runUnprepared(
                question, parameters, timeout: Self.patience * 2, shielded: true)
            return try? answer.flatMap { try PostgresRows($0).first?.value(0, as: Bool.self) }
        }
    }

    /// What a server's process tells of itself, to be known again by: its number may be another's later, and another
    /// server behind the same address has processes of the same numbers.
    static let introduction = """
        SELECT pg_catalog.pg_backend_pid(),
            (SELECT (extract(epoch FROM backend_start) * 1000000)::bigint
             FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()),
            (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint
        """

    /// What a pooler's servers do for us cannot be seen; it is there when it answers.
    private static let ping = "SELECT false"

    /// Whether the process waits for us as we wait for it, or is gone from its server. One of which nothing is told
    /// (`track_activities`) is taken to work.
    private static let question = """
        SELECT count(*) FILTER (WHERE \(isWaiting)) > 0
            OR count(*) = 0 AND (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint = $3
        FROM pg_catalog.pg_stat_activity WHERE \(isMeant)
        """

    private static let farewell = """
        SELECT pg_catalog.pg_terminate_backend(pid) AND $3::bigint IS NOT NULL
        FROM pg_catalog.pg_stat_activity WHERE \(isMeant) AND (\(isWaiting))
        """

    private static let isMeant = "pid = $1 AND (extract(epoch FROM backend_start) * 1000000)::bigint = $2"
    private static let isWaiting = "state LIKE 'idle%' OR state = 'active' AND wait_event_type = 'Client'"
}

extension Session {
    /// Whether a pooler hides what the server does for it.
    fileprivate var isHidden: Bool { isPooled.load(ordering: .relaxed) }
}
