internal import MillraceCore

/// What `claim` of chunks promises about single chunks.
enum ChunkClaimRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a claimed chunk is leased, and comes with its recording and recipe") { fixture in
            let processor = try await fixture.started()
            let worker = try await fixture.worker()
            fixture.clock.advance(by: .seconds(1))
            let claimed = try await fixture.processings.claim(
                upTo: 1, from: ChunkScope(engines: [.ear]), by: worker)
            var expected = processor.tasks[0]
            expected.claim(by: worker, at: fixture.now)
            let whole = ClaimedChunk(task: expected, source: processor.source, recipe: processor.recipe)
            try requireEqual(claimed, [whole], "the claimed chunk")
            try requireEqual(try await fixture.chunk(0, of: processor.id), expected, "the stored chunk")
        },
        ContractRule("two workers never hold one chunk, however many claim at once") { fixture in
            var all: Set<ChunkID> = []
            for number in 0..<4 {
                let processor = try await fixture.started(Plan(recording: "talk \(number)", chunks: 40))
                all.formUnion(processor.tasks.map(\.id))
            }
            let total = all.count
            let claims = try await concurrently(12) { number in
                let worker = try await fixture.worker()
                var own: [ChunkID] = []
                while true {
                    let chunks = try await fixture.claimChunks(number % 5 + 1, by: worker)
                    guard !chunks.isEmpty else { return own }
                    own += chunks.map(\.id)
                    try require(own.count <= total, "one worker got more chunks than there are")
                }
            }
            try requireEqual(claims.joined().count, total, "the number of chunks that all workers got")
            try requireEqual(Set(claims.joined()), all, "the chunks that all workers got")
        },
        ContractRule("the first claim starts the processing, and is no new version") { fixture in
            let processor = try await fixture.started()
            fixture.clock.advance(by: .seconds(1))
            let begin = fixture.now
            _ = try await fixture.claimChunks(1, by: fixture.worker())
            fixture.clock.advance(by: .seconds(1))
            _ = try await fixture.claimChunks(1, by: fixture.worker())
            let row = try await fixture.row(processor.id)
            try requireEqual(row.status, .processing, "the status after the first claim")
            try requireEqual(row.startedAt, begin, "the time of the first claim")
            try requireEqual(row.version, processor.version, "the version after claims")
        },
        ContractRule("a claim keeps to the engines and processings of its scope") { fixture in
            let first = try await fixture.started(Plan(recording: "a", chunks: 1))
            let second = try await fixture.started(Plan(recording: "b", chunks: 1))
            let foreign = try await fixture.started(Plan(recording: "c", chunks: 1, engine: .named("nose")))
            let scopes: [(ChunkScope, [ProcessingID])] = [
                (ChunkScope(engines: []), []),
                (ChunkScope(engines: [.ear], processings: []), []),
                (ChunkScope(engines: [.ear], processings: [foreign.id]), []),
                (ChunkScope(engines: [.ear], processings: [second.id], unreachable: [second.id]), []),
                (ChunkScope(engines: [.ear], processings: [second.id]), [second.id]),
                (ChunkScope(engines: [.named("nose")]), [foreign.id]),
                (ChunkScope(engines: [.ear], unreachable: [first.id]), []),
                (ChunkScope(engines: [.ear, .named("nose")]), [first.id]),
            ]
            let worker = try await fixture.worker()
            for (scope, expected) in scopes {
                let claimed = try await fixture.claimChunks(from: scope, by: worker)
                try requireEqual(claimed.map(\.processingID), expected, "the chunks in \(scope)")
            }
        },
        ContractRule("an engine is the same only with the same model and fingerprint") { fixture in
            let exact = try EngineIdentity(kind: "ear", model: "large", fingerprint: ContentHash(ofParts: ["a"]))
            let others = [
                .ear, try EngineIdentity(kind: "ear", model: "large"),
                try EngineIdentity(kind: "ear", model: "small", fingerprint: exact.fingerprint),
                try EngineIdentity(kind: "ear", model: "large", fingerprint: ContentHash(ofParts: ["b"])),
            ]
            _ = try await fixture.started(Plan(chunks: 1, engine: exact))
            let worker = try await fixture.worker()
            let wrong = try await fixture.claimChunks(from: ChunkScope(engines: others), by: worker)
            try requireEqual(wrong, [], "the chunks for other engines")
            let right = try await fixture.claimChunks(from: ChunkScope(engines: [exact]), by: worker)
            try requireEqual(right.count, 1, "the number of chunks for the engine")
        },
        ContractRule("a worker without a lease claims no chunk") { fixture in
            let processor = try await fixture.started()
            let late = try await fixture.worker()
            fixture.clock.advance(by: StoreFixture.lease)
            for worker in [WorkerID.make(at: fixture.now), late] {
                try await requireError(.conflict, "a claim without a lease") {
                    _ = try await fixture.claimChunks(by: worker)
                }
            }
            try requireEqual(try await fixture.loaded(processor.id), processor, "the processing after refused claims")
        },
        ContractRule("a claim takes no more chunks than its limit") { fixture in
            _ = try await fixture.started(Plan(chunks: 5))
            let worker = try await fixture.worker()
            for (limit, indexes) in [(0, []), (-1, []), (2, [0, 1]), (10, [2, 3, 4])] {
                let claimed = try await fixture.claimChunks(limit, by: worker)
                try requireEqual(claimed.map(\.index), indexes, "the chunks of a claim of up to \(limit)")
            }
        },
    ]
}
