import Foundation
import MillraceCore
import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

/// A queue in memory with hints in Redis, under the keys of a store of its own.
///
/// The queue is asked without hints only when these do not suffice: the interval of other looks is longer than any test.
struct HintLab: Sendable {
    static let type = JobType(known: "work")
    static let scope = JobScope(types: [type])

    let clock = ManualClock()
    let memory: InMemoryStore
    let client: RedisClient
    let storeID = UUID().uuidString
    let base: WatchedQueue
    let queue: RedisReadyQueue
    let worker: WorkerID

    var keys: HintKeys { HintKeys(storeID: storeID) }

    /// Gives a test a lab on the server that tests share, or on one of its own.
    static func with(
        _ settings: HintSettings = .eager, on server: RedisServer? = nil, _ body: (HintLab) async throws -> Void
    ) async throws {
        let server = if let server { server } else { try await RedisServer.shared }
        let client = try server.client()
        defer { client.close() }
        let lab = HintLab(client, settings)
        try await lab.base.register(lab.worker, process: nil, leasedFor: .seconds(36_000))
        try await body(lab)
    }

    private init(_ client: RedisClient, _ settings: HintSettings) {
        memory = InMemoryStore(clock: clock)
        self.client = client
        base = WatchedQueue(InMemoryJobQueueRepository(memory))
        queue = RedisReadyQueue(base, storeID: storeID, client: client, settings)
        worker = .make(at: clock.timeOfDay)
    }

    /// What another process would have.
    func otherQueue() -> RedisReadyQueue {
        RedisReadyQueue(base, storeID: storeID, client: client, .patient)
    }

    /// Has hints kept of what scopes ask for; nothing may be queued yet, or it is claimed.
    func open(_ scopes: [JobScope] = [scope]) async throws {
        for scope in scopes { try await queue.openWindows(for: scope) }
    }

    func claim(_ limit: Int = 1_000, from scope: JobScope = HintLab.scope) async throws -> [Job] {
        try await queue.claim(upTo: limit, from: scope, by: worker)
    }

    /// The identities of the jobs that hints of a kind speak of, in order.
    func hints(of kind: JobKind = JobKind(queueName: .default, type: type)) async throws -> [JobID] {
        let answer = try await client.send(
            RedisCommand("ZRANGE", .text(keys.ready(kind)), 0, -1), timeout: .seconds(20))
        return try #require(answer.elements).compactMap { $0.bytes?.jobID }
    }

    /// How far the window of a kind reaches; `nil` when nobody keeps one.
    func reach(of kind: JobKind = JobKind(queueName: .default, type: type)) async throws -> String? {
        let answer = try await client.send(
            RedisCommand("HGET", .text(keys.state(of: kind.queueName)), .text("h:" + HintKeys.suffix(of: kind))),
            timeout: .seconds(20))
        return answer.text
    }

    func inFlight() async throws -> Int {
        let answer = try await client.send(
            RedisCommand("ZCARD", .text(keys.inFlight(of: .default))), timeout: .seconds(20))
        return Int(try #require(answer.number))
    }

    /// Takes away all that Redis knows of the store.
    func flush() async throws {
        let answer = try await client.send(
            RedisCommand("KEYS", .text("{mr:\(storeID)*")), timeout: .seconds(20))
        let keys = try #require(answer.elements).compactMap(\.bytes)
        guard !keys.isEmpty else { return }
        _ = try await client.send(RedisCommand("DEL", keys.map { .bytes($0) }), timeout: .seconds(20))
    }
}

extension HintSettings {
    /// Redis has all the time it needs.
    static var unhurried: Self {
        var settings = Self()
        settings.patience = .seconds(30)
        return settings
    }

    /// Besides, the queue is asked without hints only when these do not suffice.
    static var patient: Self {
        var settings = unhurried
        settings.lookInterval = .seconds(3_600)
        return settings
    }

    /// Looks besides for what has no hint whenever it is asked to.
    static var eager: Self {
        var settings = patient
        settings.auditInterval = .zero
        settings.auditRest = 0
        return settings
    }
}

extension RedisReadyQueue {
    /// Brings it about that hints are kept of all that a scope asks for.
    func openWindows(for scope: JobScope) async throws {
        _ = hints.desk.beginLook(in: scope)
        // The first time nobody has begun an epoch; then the kinds get known; then their windows are filled.
        for _ in 0..<3 {
            if let caught = await hints.take(upTo: 1, in: scope) { await hints.giveBack(caught.hints) }
            await upkeep()
        }
    }
}
