import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

@Suite("Who does what one does for all")
struct PostgresLeaderTests {
    @Test("is the first, for as long as it renews; then another", arguments: Route.allCases)
    func lead(route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            let first = PostgresLeader(temporary.store, name: "sweeping", lease: .seconds(10))
            let second = PostgresLeader(temporary.store, name: "sweeping", lease: .seconds(10))
            try await expect(first, leads: true)
            try await expect(second, leads: false)
            temporary.clock.advance(by: .seconds(9))
            try await expect(first, leads: true)
            temporary.clock.advance(by: .seconds(10) - .microseconds(1))
            try await expect(second, leads: false)
            temporary.clock.advance(by: .microseconds(1))
            try await expect(second, leads: true)
            try await expect(first, leads: false)
        }
    }

    @Test("leads one thing, not all")
    func names() async throws {
        try await TemporaryPostgres.with { temporary in
            let first = PostgresLeader(temporary.store, name: "sweeping", lease: .seconds(10))
            let second = PostgresLeader(temporary.store, name: "washing", lease: .seconds(10))
            try await expect(first, leads: true)
            try await expect(second, leads: true)
        }
    }

    @Test("makes room when it resigns, and only for itself")
    func resign() async throws {
        try await TemporaryPostgres.with { temporary in
            let first = PostgresLeader(temporary.store, name: "sweeping", lease: .seconds(10))
            let second = PostgresLeader(temporary.store, name: "sweeping", lease: .seconds(10))
            try await expect(first, leads: true)
            try await second.resign()
            try await expect(second, leads: false)
            try await first.resign()
            try await expect(second, leads: true)
        }
    }

    @Test("of many at once is one")
    func race() async throws {
        try await TemporaryPostgres.with { temporary in
            let leads = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await PostgresLeader(temporary.store, name: "sweeping", lease: .seconds(10)).lead()
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(leads == 1)
        }
    }

    private func expect(
        _ leader: PostgresLeader, leads expected: Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let leads = try await leader.lead()
        #expect(leads == expected, sourceLocation: sourceLocation)
    }
}
