internal import MillraceCore

/// What is promised of jobs that need an engine, and of those that cannot be run everywhere.
enum EngineRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a job that needs an engine is only given to a worker that has it") { fixture in
            let sharp = EngineIdentity(known: "ear", model: "sharp")
            let receipt = try await fixture.jobs.enqueue([
                JobRequest(.work, priority: .high, engine: .named("nose")), JobRequest(.work, engine: .ear),
                JobRequest(.work), JobRequest(.work, engine: sharp), JobRequest(.work, priority: .high, engine: .ear),
            ])
            let worker = try await fixture.worker()
            let claims: [([EngineIdentity], [Int])] = [
                ([], [2]), ([sharp, .named("eye")], [3]), ([.ear], [4, 1]), ([.ear, .named("nose"), sharp], [0]),
            ]
            for (engines, expected) in claims {
                let scope = JobScope(types: [.work], engines: engines)
                let claimed = try await fixture.claimJobs(from: scope, by: worker)
                try requireEqual(claimed.map(\.id), expected.map { receipt.ids[$0] }, "the claim with \(engines)")
            }
        },
        ContractRule("jobs that are impossible here are left to others, and those behind them are not") { fixture in
            let transcript = TranscriptID.make(at: fixture.now)
            let ids = try await fixture.enqueue(4, JobRequest(.work, transcriptID: transcript))
            let scopes = [
                JobScope(types: [.work], unreachable: Array(ids[0...1])),
                JobScope(types: [.work], transcripts: [transcript], unreachable: Array(ids[0...1])),
            ]
            for (scope, expected) in zip(scopes, [ids[2], ids[3]]) {
                let claimed = try await fixture.claimJobs(1, from: scope, by: fixture.worker())
                try requireEqual(claimed.map(\.id), [expected], "the claim of who cannot run the first two")
            }
            let rest = try await fixture.claimJobs(by: fixture.worker())
            try requireEqual(rest.map(\.id), Array(ids[0...1]), "the claim of another")
        },
    ]
}
