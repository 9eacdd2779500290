import Testing

/// The protocol of the cache, checked over all orders of its steps.
@Suite struct CacheProtocolTests {
    @Test(arguments: CacheScenario.standard + CacheScenario.long)
    func `no node serves what is stale, once it has followed`(scenario: CacheScenario) async {
        let report = await scenario.run()
        #expect(report.ends > 0)
        expectNone(CacheModel.bounded, report)
        expectNone(CacheModel.answers, report)
        // Without a crash or an outage nobody has to wait for that.
        if scenario.model.faults.areHarmless { expectNone(CacheModel.prompt, report) }
        // Nor, in Redis, for the end of a writer: its mark is there until it expires.
        let isWriterCrash = scenario.fault == CacheScenario.crash.name && scenario.model.cast.invalidator == nil
        if scenario.model.faults.areHarmless || isWriterCrash { expectNone(CacheModel.shared, report) }
    }

    /// For each guard the smallest of our scenarios in which it is missed, and the promise that is broken then.
    static let needs: [(Guard, CacheScenario, Promises)] = [
        need(.poison, CacheScenario.pair, CacheScenario.nothing, CacheModel.bounded),
        need(.ownPoison, CacheScenario.house, CacheScenario.memory, CacheModel.bounded),
        need(.lease, CacheScenario.pair, CacheScenario.nothing, CacheModel.bounded),
        need(.conditionalFill, CacheScenario.pair, CacheScenario.nothing, CacheModel.bounded),
        need(.floor, CacheScenario.desk, CacheScenario.nothing, CacheModel.bounded),
        need(.tokens, CacheScenario.crowd, CacheScenario.crash, CacheModel.shared),
        need(.publish, CacheScenario.pair, CacheScenario.nothing, CacheModel.prompt),
        need(.drain, CacheScenario.pair, CacheScenario.outage, CacheModel.bounded),
        need(.drainFirst, CacheScenario.pair, CacheScenario.outage, CacheModel.bounded),
        need(.epoch, CacheScenario.alone, CacheScenario.cursorAndOutages, CacheModel.bounded),
        need(.reconnect, CacheScenario.pair, CacheScenario.comeback, CacheModel.bounded),
        need(.flight, CacheScenario.pair, CacheScenario.comeback, CacheModel.bounded),
        need(.ruleEpoch, CacheScenario.rule, CacheScenario.flush, CacheModel.bounded),
        need(.journal, CacheScenario.rule, CacheScenario.cursorAndCrash, CacheModel.bounded),
        need(.heardRule, CacheScenario.rule, CacheScenario.nothing, CacheModel.prompt),
    ]

    private static func need(
        _ guarding: Guard, _ cast: CacheScenario.NamedCast, _ faults: CacheScenario.NamedFaults, _ promise: Promises
    ) -> (Guard, CacheScenario, Promises) {
        (guarding, CacheScenario(cast, faults, without: guarding), promise)
    }

    @Test func `each guard is needed somewhere`() {
        #expect(Set(Self.needs.map(\.0)) == Set(Guard.allCases))
    }

    @Test(arguments: needs)
    func `without a guard something stale is found`(guarding: Guard, scenario: CacheScenario, promise: Promises)
        async throws
    {
        let report = await scenario.run(without: guarding)
        #expect(report.broken[promise, default: 0] > 0, "without \(guarding) nothing is stale in \(scenario)")
        let trace = try #require(report.traces[promise])
        #expect(scenario.model.beginning(of: trace, breaking: promise) != nil, "the steps again do not lead there")
    }

    private func expectNone(_ promise: Promises, _ report: ModelChecker<CacheModel>.Report) {
        let trace = report.traces[promise].map { $0.map(\.description).joined(separator: "; ") }
        #expect(report.broken[promise] == nil, "\(trace ?? "")")
    }
}
