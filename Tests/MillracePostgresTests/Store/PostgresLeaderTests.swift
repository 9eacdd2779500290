import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

@Suite("Who does what one does for all")
struct PostgresLeaderTests {
    @Test("is the first, for as long as it renews; then another", arguments: FreshStore.Way.allCases)
    func lead(way: FreshStore.Way) async throws {
        try await FreshStore.with(way) { fresh in
            let first = PostgresLeader(fresh.store, name: "sweeping", lease: .seconds(10))
            let second = PostgresLeader(fresh.store, name: "sweeping", lease: .seconds(10))
            try await expect(first, leads: true)
            try await expect(second, leads: false)
            fresh.clock.advance(by: .seconds(9))
            try await expect(first, leads: true)
            fresh.clock.advance(by: .seconds(10) - .microseconds(1))
            try await expect(second, leads: false)
            fresh.clock.advance(by: .microseconds(1))
            try await expect(second, leads: true)
            try await expect(first, leads: false)
        }
    }

    @Test("leads one thing, not all")
    func names() async throws {
        try await FreshStore.with { fresh in
            let first = PostgresLeader(fresh.store, name: "sweeping", lease: .seconds(10))
            let second = PostgresLeader(fresh.store, name: "washing", lease: .seconds(10))
            try await expect(first, leads: true)
            try await expect(second, leads: true)
        }
    }

    @Test("makes room when it resigns, and only for itself")
    func resign() async throws {
        try await FreshStore.with { fresh in
            let first = PostgresLeader(fresh.store, name: "sweeping", lease: .seconds(10))
            let second = PostgresLeader(fresh.store, name: "sweeping", lease: .seconds(10))
            try await expect(first, leads: true)
            try await second.resign()
            try await expect(second, leads: false)
            try await first.resign()
            try await expect(second, leads: true)
        }
    }

    @Test("of many at once is one")
    func race() async throws {
        try await FreshStore.with { fresh in
            let leads = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await PostgresLeader(fresh.store, name: "sweeping", lease: .seconds(10)).lead()
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
