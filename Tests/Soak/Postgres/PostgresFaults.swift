internal import MillraceCore
internal import MillracePostgres
internal import MillraceTesting
internal import Synchronization
internal import TestServers

/// Runs of workers on a server of their own, each with faults of one kind.
struct PostgresFaults: Sendable {
    var jobs: Int
    var workers: Int
    /// For every worker.
    var options: [String]
    var duration: Duration
    var killInterval: Duration
    var calm: Duration
    /// Whether how long things take, and so what a kill met, is printed and not judged.
    var isLenient: Bool

    /// The store goes on within that time after its server answers, and after its connections have gone silent.
    private static let patience = (restart: Duration.seconds(5), silence: Duration.seconds(10))

    private func plan(_ store: String, every interval: Duration, beginsWithAll: Bool = true) -> Storm.Plan {
        Storm.Plan(
            jobs: jobs, workers: workers, store: store, options: options, beginsWithAll: beginsWithAll,
            duration: duration, interval: interval, calm: calm, awaitsWorkers: isLenient)
    }

    private func report(_ outcome: StormOutcome, _ more: String = "", if isRight: Bool = true) -> PartReport {
        PartReport(text: "\(outcome)\(more)", isRight: isRight && outcome.isAsItShouldBe(jobs: jobs))
    }

    /// Opens a store directly, whatever way the workers go.
    private func withStore<Value>(
        at schema: TestSchema, _ body: (PostgresEffectStore) async throws -> Value
    ) async throws -> Value {
        let store = PostgresEffectStore(try await PostgresStore(PostgresConfiguration(schema.url)))
        let value = try await body(store)
        await store.close()
        return value
    }

    /// Kills workers.
    func storm() async throws -> PartReport {
        try await PostgresServer.with { server in
            let schema = server.freshSchema()
            return try await withStore(at: schema) { store in
                let plan = plan(schema.url, every: killInterval, beginsWithAll: false)
                let outcome = try await Storm(plan, in: store).run()
                return report(outcome, if: outcome.rescues > 0)
            }
        }
    }

    /// Stops the server without care, and starts it again.
    func restart() async throws -> PartReport {
        try await PostgresServer.with { server in
            let schema = server.freshSchema()
            return try await withStore(at: schema) { store in
                let ready = Mutex<[Timestamp]>([])
                var plan = plan(schema.url, every: duration / 4)
                // In a short run the restarts come so quickly that every try of a job may meet one.
                if isLenient { plan.maxRetries = 1_000 }
                let storm = try await Storm(plan, in: store) { _, _ in
                    try await server.stopImmediately()
                    async let answer = firstAnswer(of: schema.url)
                    try await server.startAgain()
                    let time = try await answer
                    ready.withLock { $0.append(time) }
                    // Else the next restart would count as part of this one.
                    try await store.waitForEffect(after: time, for: .seconds(10))
                    return true
                }
                let outcome = try await storm.run()
                let pause = try await store.longestPause(after: ready.withLock { $0 })
                return report(
                    outcome, " back-within=\(seconds(pause))",
                    if: pause > .zero && (isLenient || pause <= Self.patience.restart))
            }
        }
    }

    /// The server's time when it takes connections again, as `pg_isready` asks for it.
    private func firstAnswer(of url: String) async throws -> Timestamp {
        let configuration = try PostgresConfiguration(url)
        while true {
            if let connection = try? await PostgresConnection.connect(configuration) {
                defer { connection.close() }
                return try await connection.query("SELECT clock_timestamp()")[0].value(0)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Cuts connections in the middle of whatever they do.
    func cut() async throws -> PartReport {
        try await PostgresServer.with { server in
            let schema = server.freshSchema()
            let proxy = try await CutProxy.start(to: server.port)
            let result = try await withStore(at: schema) { store in
                let storm = try await Storm(
                    plan(schema.url(by: proxy), every: killInterval), in: store
                ) { _, generator in
                    let side: CutProxy.Side = Bool.random(using: &generator) ? .client : .server
                    proxy.cut(after: Int.random(in: 0...5_000, using: &generator), from: side)
                    return true
                }
                let outcome = try await storm.run()
                return report(outcome, " cut=\(proxy.cutByBytes)", if: proxy.cutByBytes > 0)
            }
            try await proxy.close()
            return result
        }
    }

    /// Loses all that open connections say from a moment on.
    func silence() async throws -> PartReport {
        try await PostgresServer.with { server in
            let schema = server.freshSchema()
            let proxy = try await CutProxy.start(to: server.port)
            let result = try await withStore(at: schema) { store in
                let plan = plan(schema.url(by: proxy), every: duration / 2)
                let storm = try await Storm(plan, in: store) { _, _ in
                    proxy.silence()
                    return true
                }
                let outcome = try await storm.run()
                let pause = try await store.longestPause()
                return report(
                    outcome, " longest-pause=\(seconds(pause))", if: isLenient || pause <= Self.patience.silence)
            }
            try await proxy.close()
            return result
        }
    }

    /// Kills workers behind a PgBouncer in transaction mode, and it too, half-way.
    func bouncer() async throws -> PartReport {
        try await PostgresServer.with(bouncer: true) { server in
            guard let bouncer = server.bouncer else { return PartReport(text: "there is no PgBouncer", isRight: false) }
            let schema = server.freshSchema()
            return try await withStore(at: schema) { store in
                let start = ContinuousClock.now
                let ends = Mutex(0)
                let half = duration / 2
                let storm = try await Storm(
                    plan(schema.url(by: bouncer), every: max(killInterval, .seconds(1))), in: store
                ) { field, generator in
                    let isTime = ends.withLock { ends in
                        guard ends == 0, start.duration(to: .now) > half else { return false }
                        ends = 1
                        return true
                    }
                    guard isTime else { return Storm.kill(field, &generator) }
                    // Those that were killed last are started again: one that never reached the store ends, as it should.
                    // A lenient storm has waited for them.
                    if !isLenient { try await Task.sleep(for: .seconds(5)) }
                    try await bouncer.crash()
                    try await server.startAgain()
                    return true
                }
                let outcome = try await storm.run()
                return report(
                    outcome, " pgbouncer-ends=\(ends.withLock { $0 })",
                    if: (isLenient || outcome.rescues > 0) && ends.withLock { $0 } == 1)
            }
        }
    }

    private func seconds(_ duration: Duration) -> String {
        "\((duration.inSeconds * 100).rounded() / 100)s"
    }
}
