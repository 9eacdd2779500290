internal import MillraceCore

/// How many statements the verbs of processings take.
enum ChunkStatementRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("starting takes as many statements for 100 chunks as for one") { fixture in
            try await fixture.requireSameStatements("starting") { rows in
                let (plan, transcript) = try fixture.planned(Plan(recording: "start \(rows)", chunks: rows))
                try await fixture.processings.start(plan, transcript: transcript)
            } prepare: { _ in
            }
        },
        ContractRule("a claim takes as many statements for 100 chunks as for one") { fixture in
            let worker = try await fixture.worker()
            try await fixture.requireSameStatements("a claim") { rows in
                let claimed = try await fixture.claimChunks(rows, by: worker)
                try requireEqual(claimed.count, rows, "the number of claimed chunks")
            } prepare: { rows in
                // A store may look more closely after a claim that found less than it wanted.
                _ = try await fixture.claimChunks(rows, by: worker)
                for number in 0..<(rows == 1 ? 1 : 10) {
                    _ = try await fixture.started(Plan(recording: "\(rows) \(number)", chunks: max(1, rows / 10)))
                }
            }
        },
        ContractRule("settling takes as many statements for 100 chunks as for one") { fixture in
            try await requireSettling(fixture, chunksOf: { $0 + 1 }, processings: { _ in 1 })
        },
        ContractRule("settling takes as many statements for the ends of 100 processings as for one") { fixture in
            try await requireSettling(fixture, chunksOf: { _ in 1 }, processings: { $0 })
        },
        ContractRule("a rescue takes as many statements for 100 chunks as for one") { fixture in
            try await fixture.requireSameStatements("a rescue") { rows in
                try requireEqual(try await fixture.processings.rescue().count, rows, "the number of rescued chunks")
            } prepare: { rows in
                // The chunk that was rescued first is among the hundred.
                let (plan, transcript) = try fixture.planned(
                    Plan(recording: "rescue \(rows)", chunks: rows == 1 ? 1 : rows - 1))
                try await fixture.processings.start(plan, transcript: transcript)
                _ = try await fixture.claimChunks(by: fixture.worker())
                fixture.clock.advance(by: StoreFixture.lease)
            }
        },
        ContractRule("the active processings are read by two statements at most, however many they are") { fixture in
            try await fixture.requireSameStatements("reading active processings") { rows in
                let count = try requireValue(fixture.statementCount, "the fixture's `statementCount`")
                let before = count()
                let active = try await fixture.processings.activeProcessings()
                try requireEqual(active.count, rows, "the number of active processings")
                try require(count() - before <= 2, "reading active processings took \(count() - before) statements")
            } prepare: { rows in
                for number in 0..<(rows == 1 ? 1 : rows - 1) {
                    _ = try await fixture.started(Plan(recording: "\(rows) \(number)", chunks: 2))
                }
                _ = try await fixture.claimChunks(by: fixture.worker(leasedFor: .seconds(60)))
            }
        },
    ]

    private static func requireSettling(
        _ fixture: StoreFixture, chunksOf: (Int) -> Int, processings: (Int) -> Int
    ) async throws {
        let held = Held<ChunkTask>()
        try await fixture.requireSameStatements("settling") { _ in
            try await fixture.settle(held.values, .completed(.saying("word"), isFromCache: false))
        } prepare: { rows in
            for number in 0..<processings(rows) {
                _ = try await fixture.started(Plan(recording: "\(rows) \(number)", chunks: chunksOf(rows)))
            }
            let claimed = try await fixture.claimChunks(by: fixture.worker(leasedFor: .seconds(60)))
            held.values = Array(claimed.suffix(rows))
            try requireEqual(held.values.count, rows, "the number of held chunks")
        }
    }
}
