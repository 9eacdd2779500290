import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// How many pages the statements of the hot path look at, whatever the tables hold beside, and however old the statistics.
///
/// The limits are the issue's: 20 pages a row and 100 for a claim, 25 a row for a settlement, 30 a row for a rescue. A
/// row of a processing that goes along with one of its chunks is one too.
@Suite("Statements on chunks look at few pages", .serialized)
struct ChunkPlanTests {
    /// Processings and chunks of each: as many chunks in all as the first number says.
    struct Shape: CustomStringConvertible, Sendable {
        let rows: Int
        let processings: Int

        var description: String { "\(rows) chunks of \(processings) processings" }
    }

    static let shapes = [
        Shape(rows: 1_000, processings: 10), Shape(rows: 1_000_000, processings: 10),
        Shape(rows: 1_000_000, processings: 2_000),
    ]

    @Test("with dead rows and old statistics, in batches and one by one", arguments: shapes)
    func pages(shape: Shape) async throws {
        try await TemporaryPostgres.withOwnServer { temporary in
            let field = try await ChunkField(
                temporary, processings: shape.processings, chunks: shape.rows / shape.processings)
            // Dead rows: chunks that were claimed and came back, and others that are done.
            try await churn(field, limit: min(shape.rows / 5, 20_000))
            for limit in [4, 100] {
                for planning in StatementCost.Planning.allCases {
                    try await check(limit, planning, shape, in: field)
                }
            }
        }
    }

    @Test("while an old snapshot keeps all dead rows")
    func snapshot() async throws {
        try await TemporaryPostgres.withOwnServer { temporary in
            let field = try await ChunkField(temporary, processings: 2, chunks: 5_000)
            try await temporary.store.withConnection { other in
                try await other.withTransaction(isolation: .repeatableRead) { reader in
                    _ = try await reader.query("SELECT count(*) FROM \(temporary.store.schema).chunk_tasks")
                    let worker = try await field.worker()
                    for _ in 0..<40 {
                        let held = try await field.processings.claim(
                            upTo: 100, from: ChunkScope(engines: [.ear]), by: worker)
                        #expect(held.count == 100)
                        _ = try await field.processings.settle(held.map { ChunkSettlement($0.task, .done) })
                    }
                    try await check(
                        100, .generic, Shape(rows: 10_000, processings: 2), in: field, steps: [.claim, .settle])
                }
            }
        }
    }

    private enum Step: CaseIterable { case claim, settle, rescue }

    private func check(
        _ limit: Int, _ planning: StatementCost.Planning, _ shape: Shape, in field: ChunkField,
        steps: [Step] = Step.allCases
    ) async throws {
        let store = field.temporary.store
        let repository = field.processings
        let worker = try await field.worker()
        let claim = ChunkClaim(
            limit: limit, scope: ChunkScope(engines: [.ear]), worker: worker, turn: nil)
        let pages = try await StatementCost.buffers(
            of: repository.claimSQL, claim.parameters(at: store.now), planning, in: store)
        let held = try await chunks(of: worker, in: field)
        let what = "\(limit) of \(shape), \(planning)"
        #expect(held.count == limit, "a claim of \(what)")
        let rows = limit + Set(held.map(\.processingID)).count
        if steps.contains(.claim) { #expect(pages <= 20 * rows + 100, "\(pages) pages for a claim of \(what)") }
        if steps.contains(.settle) {
            let parameters = try ChunkSettle.parameters(
                held.map { ChunkSettlement($0, .done) }, at: store.now, hostNow: SystemWallClock().now(),
                channel: "none")
            let pages = try await StatementCost.buffers(of: repository.settleSQL, parameters, planning, in: store)
            #expect(pages <= 25 * rows, "\(pages) pages for a settlement of \(what)")
        }
        guard steps.contains(.rescue) else { return }
        let gone = try await field.worker()
        let lost = try await repository.claim(upTo: limit, from: claim.scope, by: gone)
        try await field.bury(gone)
        let rescued = try await StatementCost.buffers(
            of: repository.rescueSQL, ChunkRescue.parameters(maxCrashes: 3, at: store.now), planning, in: store)
        // So that the next claim finds as few that came back as usual.
        let scope = ChunkScope(engines: [.ear], processings: Array(Set(lost.map(\.task.processingID))))
        let again = try await repository.claim(upTo: limit, from: scope, by: worker)
        _ = try await repository.settle(again.map { ChunkSettlement($0.task, .done) })
        #expect(try await chunks(of: gone, in: field) == [], "what a dead worker holds after a rescue of \(what)")
        let rescuedRows = limit + Set(lost.map(\.task.processingID)).count
        #expect(rescued <= 30 * rescuedRows, "\(rescued) pages for a rescue of \(what)")
    }

    /// Makes dead rows of all kinds: many chunks are claimed and settled, some of them come back and are claimed again.
    private func churn(_ field: ChunkField, limit: Int) async throws {
        let worker = try await field.worker()
        for (limit, returned) in [(limit, limit / 20), (limit / 20, 0), (10, 0)] {
            let held = try await field.processings.claim(
                upTo: limit, from: ChunkScope(engines: [.ear]), by: worker)
            #expect(held.count == limit)
            _ = try await field.processings.settle(
                held.enumerated().map { ChunkSettlement($1.task, $0 < returned ? .released : .done) })
        }
    }

    private func chunks(of worker: WorkerID, in field: ChunkField) async throws -> [ChunkTask] {
        try await field.temporary.store.rows(
            """
            SELECT \(ChunkRow.columns) FROM \(field.temporary.store.schema).chunk_tasks
            WHERE worker_id = $1 ORDER BY id
            """, [.id(worker)]
        ) { try ChunkRow.read(&$0) }
    }
}

extension EngineIdentity {
    static let ear = EngineIdentity(known: "ear")
}

extension ChunkSettlement.Outcome {
    static let done = Self.completed(
        ChunkResult(segments: [Segment(start: 0, end: 0.5, text: "word")], language: "en"), isFromCache: false)
}
