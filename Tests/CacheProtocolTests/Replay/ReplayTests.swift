import Foundation
import MillraceCore
import MillracePostgres
import MillraceSQLite
import TestServers
import Testing

/// The counterexamples of the check, taken step by step by real caches over a real store and a Redis server.
@Suite struct ReplayTests {
    enum Authority: CaseIterable { case sqlite, postgres }

    /// Worked out once for both.
    private static let examples = Task {
        var examples: [Counterexample] = []
        for guarding in Guard.allCases { examples.append(try await Counterexample(without: guarding)) }
        return examples
    }

    @Test(.timeLimit(.minutes(10)), arguments: Authority.allCases)
    func `what is shipped withstands every counterexample, which without its guard ends with something stale`(
        authority: Authority
    ) async throws {
        try await RedisServer.with { server in
            try await with(authority) { store in
                for example in try await Self.examples.value {
                    let shipped = try await example.outcome(on: server, over: store, isGuarded: true)
                    #expect(shipped.late.isEmpty, "\(example)")
                    // A crash may leave something behind for a follow.
                    if example.guarding != .tokens { #expect(shipped.early.isEmpty, "\(example)") }
                    guard Weakness.possible.contains(example.guarding) else { continue }
                    let weak = try await example.outcome(on: server, over: store, isGuarded: false)
                    #expect(!(weak.early + weak.late).isEmpty, "\(example)")
                }
            }
        }
    }

    private func with(_ authority: Authority, _ body: (any CacheStore) async throws -> Void) async throws {
        switch authority {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-replay-\(UUID())")
            defer { try? FileManager.default.removeItem(at: folder) }
            try await body(SQLiteCacheStore(try SQLiteStore(path: folder.appendingPathComponent("millrace.db").path)))
        case .postgres:
            let schema = try await PostgresServer.shared.freshSchema()
            let store = try await PostgresStore(PostgresConfiguration(schema.url))
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(PostgresCacheStore(store)))
            } catch {
                result = .failure(error)
            }
            await store.close()
            try await schema.drop()
            try result.get()
        }
    }
}
