import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

/// Every statement that the adapters run is answered by an index: none reads a whole table.
@Suite("The statements of the SQLite adapters")
struct QueryPlanTests {
    @Test("use their indexes")
    func plans() async throws {
        let log = StatementLog()
        let temporary = try TemporaryStore(onStatement: log.add)
        // Migrations read whole tables, once.
        log.clear()
        let fixture = StoreFixture(
            jobs: SQLiteJobQueueRepository(temporary.store),
            processings: SQLiteProcessingRepository(temporary.store),
            transcripts: SQLiteTranscriptRepository(temporary.store), cache: SQLiteCacheStore(temporary.store),
            clock: temporary.clock)
        try await exercise(fixture)
        try await exercise(SQLiteMetricsRepository(temporary.store), at: temporary.clock.now())

        let queue = try DatabaseQueue(path: temporary.store.path)
        for statement in log.statements {
            for step in try await StatementLog.plan(for: statement, in: queue) {
                // What may be read whole: short lists given as JSON, the oldest of each priority, one row a queue, status and
                // type, the invalidations that are under way, one row a metric's name, one row a process that measures.
                let isHarmless =
                    !step.hasPrefix("SCAN") || step.contains("VIRTUAL TABLE") || step.contains("(subquery")
                    || step.contains("CONSTANT ROW") || step.contains("USING INDEX")
                    || step.contains("USING COVERING INDEX")
                    || [
                        "open", "line", "decided", "truth", "workers", "tally", "cache_rules", "names",
                        "metric_collectors",
                    ].contains {
                        step.hasPrefix("SCAN \($0)")
                    }
                #expect(isHarmless, "\(step) in \(statement)")
            }
        }
        #expect(log.statements.count > 10)
        withExtendedLifetime(temporary) {}
    }

    /// Runs the verbs of the hot path once, so that their statements are seen.
    private func exercise(_ fixture: StoreFixture) async throws {
        let worker = WorkerID.make(at: fixture.clock.now())
        let other = try QueueName("other")
        let type = try JobType("work")
        try await fixture.jobs.register(worker, process: nil, leasedFor: .seconds(10))
        _ = try await fixture.jobs.enqueue([JobRequest(type), JobRequest(type, uniqueKey: "k")])
        for queues in [[.default], [.default, other]] as [[QueueName]] {
            let jobs = try await fixture.jobs.claim(
                upTo: 1, from: JobScope(queues: queues, types: [type]), by: worker)
            _ = try await fixture.jobs.settle(jobs.map { JobSettlement($0, .completed(result: nil)) })
        }
        _ = try await fixture.jobs.findPendingJobs(queueName: .default)
        _ = try await fixture.jobs.jobStats(queueName: .default)
        _ = try await fixture.jobs.jobs(of: .default, before: nil, limit: 10)
        let ear = EngineIdentity(known: "ear")
        _ = try await fixture.jobs.claim(
            upTo: 1, from: JobScope(types: [type], engines: [ear], unreachable: [.make(at: fixture.clock.now())]),
            by: worker)
        _ = try await fixture.jobs.enqueue(JobRequest(type))
        let waiting = try await fixture.jobs.claim(upTo: 1, from: JobScope(types: [type]), by: worker)
        _ = try await fixture.jobs.settle(
            waiting.map { JobSettlement($0, .awaiting(.make(at: fixture.clock.now()), until: fixture.clock.now())) })
        let given = try await fixture.jobs.enqueue([JobRequest(type), JobRequest(type, engine: ear)]).ids
        _ = try await fixture.jobs.claim(
            given, from: JobScope(types: [type], transcripts: [.make(at: fixture.clock.now())]), by: worker)
        for engine in [nil, ear] {
            let kind = JobKind(queueName: .default, type: type, engine: engine)
            let places = try await fixture.jobs.readyJobs(in: [JobRange(of: kind)], limit: 10)[0]
            _ = try await fixture.jobs.readyJobs(in: [JobRange(of: kind, after: places.first)], limit: 10)
        }
        _ = try await fixture.jobs.claim(given, from: JobScope(types: [type], engines: [ear]), by: worker)
        let alone = JobScope(types: [type], maxCrashes: 3, isAlone: true)
        _ = try await fixture.jobs.claim(upTo: 1, from: alone, by: worker)
        _ = try await fixture.jobs.leases(of: worker)
        _ = try await fixture.processings.leases(of: worker)
        for maxCrashes in [0, 3] {
            _ = try await fixture.jobs.rescue(maxCrashes: maxCrashes)
            _ = try await fixture.processings.rescue(maxCrashes: maxCrashes)
        }
        _ = try await fixture.processings.claim(
            upTo: 5, from: ChunkScope(engines: [EngineIdentity(kind: "command")]), by: worker)
        _ = try await fixture.processings.activeProcessings()
        _ = try await fixture.transcripts.list(after: nil, limit: 10)
        _ = try await fixture.cache.entry(CacheKey("k"))
        _ = try await fixture.cache.entries([CacheKey("k")])
        let value = CacheValue(bytes: Data([1]))
        let entry = try await fixture.cache.put(CacheKey("k"), value, ttl: .standard)
        _ = try await fixture.cache.fill(CacheKey("l"), value, ttl: .standard, ifUnchangedSince: entry.version - 1)
        _ = try await fixture.cache.changes(since: entry.version - 1)
        let access = CacheAccess(key: try CacheKey("k"), count: 1, lastAt: fixture.clock.now())
        try await fixture.cache.record([access], counters: [.l1: .init(hits: 1)], of: "default")
        _ = try await fixture.cache.counters(of: "default")
        _ = try await fixture.cache.clean(
            within: CacheManager.StoreLimits(entries: 1), limit: 10, as: .make(at: fixture.clock.now()))
        for pattern in ["k*", "[kl]"] {
            _ = try await fixture.cache.invalidate(CachePattern(pattern))
            _ = try await fixture.cache.count()
            _ = try await fixture.cache.entries([CacheKey("k")])
            _ = try await fixture.cache.changes(since: entry.version)
        }
        _ = try await fixture.cache.claimRule()
        for pattern in ["k*", "[kl]"] { _ = try await fixture.cache.removeAll(matching: CachePattern(pattern)) }
        _ = try await fixture.cache.remove(CacheKey("k"))
        try await fixture.transcripts.delete(.make(at: fixture.clock.now()), force: true)
    }
    private func exercise(_ metrics: SQLiteMetricsRepository, at now: Timestamp) async throws {
        let name = try MetricName("depth")
        let collector = MetricsCollector(id: .make(at: now))
        try collector.define(MetricDefinition(name, .gauge))
        let range = try TimeRange(from: now - .seconds(60), to: now, step: .seconds(10))
        let tags = try MetricLabels(["host": "one"])
        try await metrics.save(collector)
        try await metrics.write([MetricSample(MetricSeries(name, tags), 1, at: now)])
        _ = try await metrics.load(collector.id)
        _ = try await metrics.queryTimeSeries(name, range: range, tags: tags)
        _ = try await metrics.queryLatest(name, tags: tags)
        _ = try await metrics.percentile(Percentile(50), of: name, range: range, tags: tags)
        _ = try await metrics.series(of: name, range: range, tags: tags)
        _ = try await metrics.series(of: nil, range: range, tags: tags)
        try await metrics.delete(collector.id)
    }
}
