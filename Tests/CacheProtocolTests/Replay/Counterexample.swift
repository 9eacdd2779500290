import Foundation
import MillraceCore
import TestServers
import Testing

/// The shortest trace that breaks a promise without a guard, to be taken by real caches.
struct Counterexample: Sendable {
    /// The nodes that served something stale in the end: before they followed, unless only the time after that counts,
    /// and after.
    struct Outcome {
        let early: [Int]
        let late: [Int]
    }

    let guarding: Guard
    let trace: [CacheStep]
    private let scenario: CacheScenario
    private let promise: Promises
    private let beginning: CacheState

    /// Finds it.
    init(without guarding: Guard) async throws {
        let need = try #require(CacheProtocolTests.needs.first { $0.0 == guarding })
        let trace = try #require(await ModelChecker(model: need.1.model).report().traces[need.2])
        self.guarding = guarding
        scenario = need.1
        promise = need.2
        self.trace = trace
        beginning = try #require(scenario.model.beginning(of: trace, breaking: need.2))
    }

    /// Takes its steps over a store and a Redis server, which is emptied first: as they are shipped, or without the guard.
    func outcome(
        on server: RedisServer, over store: any CacheStore, isGuarded: Bool
    ) async throws -> Outcome {
        let server = ReplayServer(server, key: Replay.key.text)
        try await server.flush()
        let replay = try Replay(
            scenario.model.cast, on: server, store: store, id: UUID().uuidString, without: isGuarded ? nil : guarding)
        do {
            let outcome = try await outcome(of: replay)
            await replay.close()
            return outcome
        } catch {
            await replay.close()
            throw error
        }
    }

    private func outcome(of replay: Replay) async throws -> Outcome {
        try await replay.prepare(beginning)
        try await replay.play(trace)
        let early = promise == CacheModel.bounded ? [] : try await replay.stale(afterFollow: false)
        // Twice: the first may find the connection lost, and Redis closed.
        let first = try await replay.stale(afterFollow: true)
        return Outcome(early: early, late: first + (try await replay.stale(afterFollow: true)))
    }
}

extension Counterexample: CustomStringConvertible {
    var description: String { "\(guarding): " + trace.map(\.description).joined(separator: "; ") }
}
