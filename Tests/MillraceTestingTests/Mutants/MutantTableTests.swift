import Testing

@testable import MillraceTesting

@Suite struct MutantTableTests {
    @Test func `every rule of jobs, processings and transcripts catches its mutants`() async {
        let rules =
            JobQueueContract.rules + JobQueueContract.statementRules + ProcessingContract.rules
            + ProcessingContract.damageRules + ProcessingContract.statementRules + TranscriptContract.rules
        let mutants =
            JobMutants.all + LeaseMutants.all + QueueMutants.all + RunMutants.all + ChunkMutants.all
            + MergeMutants.all + SaveMutants.all + StatementMutants.all + SuspectMutants.all
            + AudioMutants.all + TraceMutants.all + TranscriptMutants.all + ListMutants.all
            + IdentityClaimMutants.all + JobEndMutants.all
        await run(rules, mutants) { mutant, seed in
            var lab = StoreLab(seed: seed)
            mutant.tamper(&lab)
            return lab.fixture
        }
    }

    @Test func `every rule of the cache catches its mutants`() async {
        let rules =
            CacheStoreContract.rules + CacheStoreContract.statementRules + CacheContract.rules
            + CacheContract.statementRules
        let mutants =
            CacheStoreMutants.all + CacheLogMutants.all + CachePurgeMutants.all + CacheCleaningMutants.all
            + CacheMutants.all + CacheRaceMutants.all
        await run(rules, mutants) { mutant, seed in
            var lab = CacheLab(seed: seed)
            mutant.tamper(&lab)
            return lab.fixture
        }
    }

    @Test func `every rule of the shared tier catches its mutants`() async {
        await run(SharedTierContract.rules, SharedTierMutants.all) { mutant, seed in
            var lab = SharedTierLab(seed: seed)
            mutant.tamper(&lab)
            return lab.fixture
        }
    }

    @Test func `every rule of metrics catches its mutants`() async {
        let rules = MetricsContract.rules + MetricsContract.retentionRules + MetricsContract.statementRules
        await run(rules, MetricsMutants.all + MetricsAnswerMutants.all) { mutant, seed in
            var lab = MetricsLab(seed: seed)
            mutant.tamper(&lab)
            return lab.fixture
        }
    }

    private func run<Fixture, Lab>(
        _ rules: [ContractRule<Fixture>], _ mutants: [Mutant<Lab>],
        fixture: @escaping @Sendable (Mutant<Lab>, _ seed: UInt64) -> Fixture
    ) async {
        #expect(Set(rules.map(\.name)).count == rules.count, "two rules have one name")
        let unknown = Set(mutants.flatMap(\.rules)).subtracting(rules.map(\.name))
        #expect(unknown.isEmpty, "mutants name rules that do not exist")
        var table = ["| rule | mutant | caught |", "| --- | --- | --- |"]
        for rule in rules {
            let own = mutants.filter { $0.rules.contains(rule.name) }
            #expect(!own.isEmpty, "no mutant for the rule: \(rule.name)")
            for mutant in own {
                var violation: String?
                var isCaught = false
                // A race may take more than one try to show, and what is drawn may miss what is wrong; whatever breaks by
                // accident is no proof that the rule looks at the right thing.
                for attempt in 0..<5 as Range<UInt64> where !isCaught {
                    violation = await self.violation(of: rule, by: fixture(mutant, TestSeed.value &+ attempt))
                    isCaught = violation.map { !$0.hasPrefix("unexpected error") } ?? false
                }
                #expect(isCaught, "\(rule.name) · \(mutant.name): \(violation ?? "no violation")")
                table.append("| \(rule.name) | \(mutant.name) | \(isCaught ? "yes" : "NO") |")
            }
        }
        print(table.joined(separator: "\n"))
    }

    private func violation<Fixture>(of rule: ContractRule<Fixture>, by fixture: Fixture) async -> String? {
        do {
            try await ContractPatience.$limit.withValue(.seconds(2)) { try await rule.check(fixture) }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
