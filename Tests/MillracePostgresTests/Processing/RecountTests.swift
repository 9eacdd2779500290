import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

@Suite("Counting all chunks again")
struct RecountTests {
    @Test("is done by the one process that leads, and by another when that is gone")
    func leader() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        try await ChunkFleet.with(2, on: schema) { fleet in
            let id = try await fleet.start("a", chunks: 2).id
            let (first, second) = (fleet.processings[0], fleet.processings[1])
            func miscount() async throws {
                try await schema.server.psql("UPDATE \(schema.name).processing_tasks SET completed_chunks = 1")
            }
            try await miscount()
            #expect(try await first.sweep() == [id])
            try await miscount()
            for _ in 0..<3 { #expect(try await second.sweep() == []) }
            // After a count it takes a rest.
            try await eventually { try await first.sweep() == [id] }
            try await miscount()
            try await schema.server.psql("UPDATE \(schema.name).leaders SET lease_until = now()")
            #expect(try await second.sweep() == [id])
            try await miscount()
            for _ in 0..<3 { #expect(try await first.sweep() == []) }
        }
        try await schema.drop()
    }
}
