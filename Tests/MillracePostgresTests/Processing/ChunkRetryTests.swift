import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

@Suite("The retry of a chunk")
struct ChunkRetryTests {
    @Test(
        "is due when its delay is over by the server's clock, however the worker's clock goes",
        arguments: [-600, 0, 600])
    func skewed(ahead: Int) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await ChunkFleet.with(1, on: schema) { fleet in
            let (store, repository) = (fleet.stores[0], fleet.processings[0])
            try await fleet.start("a", chunks: 2)
            let worker = try await fleet.hire(in: store)
            let held = try await repository.claim(upTo: 2, from: ChunkScope(engines: [.ear]), by: worker)
            let hostNow = SystemWallClock().now() + .seconds(ahead)
            let settlement = ChunkSettlement(held[0].task, .retry(at: hostNow + .seconds(60), error: "busy"))
            let parameters = try ChunkSettle.parameters([settlement], at: store.now, hostNow: hostNow, channel: "none")
            _ = try await store.rows(repository.settleSQL, parameters) { _ in true }
            if ahead == 0 {
                let next = ChunkSettlement(
                    held[1].task, .retry(at: SystemWallClock().now() + .seconds(60), error: "busy"))
                #expect(try await repository.settle([next]).lost == [])
            }
            let delays = try await store.rows(
                """
                SELECT extract(epoch FROM scheduled_at - now())::double precision FROM \(store.schema).chunk_tasks
                WHERE status = 'PENDING'
                """
            ) { try $0.value(Double.self) }
            #expect(delays.count == (ahead == 0 ? 2 : 1))
            #expect(delays.allSatisfy { $0 > 0 && $0 <= 60 }, "\(delays)")
        }
        try await schema.drop()
    }
}
