import Foundation
import MillraceCaching
import MillracePostgres
import Synchronization
import TestServers
import Testing

@testable import Millrace

/// What goes wrong with real servers, while machines write and read.
@Suite("With Redis in trouble", .timeLimit(.minutes(10)), .serialized)
struct RedisFaultTests {
    private let key = CacheKey(stored: "k")
    private let value = CacheValue(bytes: Data("v".utf8))

    /// Waits until machines that begin find the value in Redis.
    private func servesAgain(_ fleet: RedisFleet) async throws -> Bool {
        let machine = try await fleet.machine()
        _ = try await machine.cacheRepository().put(key, value, ttl: .standard)
        await machine.close()
        let end = ContinuousClock.now + .seconds(240)
        while try await fleet.tier(of: key) != .l2 {
            guard .now < end else { return false }
            try await Task.sleep(for: .milliseconds(100))
        }
        return true
    }

    private func audit(
        _ fleet: RedisFleet, _ machines: [RepositoryFactory], _ fault: @escaping @Sendable () async throws -> Void
    ) async throws {
        let report = try await StalenessAudit().run(machines, during: fault)
        #expect(report.violations.isEmpty, "\(report.violations.prefix(5))")
        #expect(report.writes > 2)
        #expect(try await servesAgain(fleet))
    }

    @Test("a server that loses everything is filled again")
    func flushed() async throws {
        try await RedisServer.with { server in
            try await RedisFleet.with(server) { fleet in
                try await fleet.withMachines(3) { machines in
                    try await audit(fleet, machines) {
                        for _ in 0..<5 {
                            try await server.command("FLUSHALL")
                            try await Task.sleep(for: .milliseconds(300))
                        }
                    }
                }
            }
        }
    }

    @Test("a server that is killed is missed by nobody, and used again when it is back")
    func killed() async throws {
        try await RedisServer.with { server in
            try await RedisFleet.with(server) { fleet in
                try await fleet.withMachines(3) { machines in
                    try await audit(fleet, machines) {
                        for _ in 0..<2 {
                            try await server.crash()
                            try await Task.sleep(for: .seconds(1))
                            try await server.start()
                            try await Task.sleep(for: .seconds(1))
                        }
                    }
                }
            }
        }
    }

    @Test("a server that stands still for ten seconds holds nobody up for long, and serves nothing old afterwards")
    func frozen() async throws {
        try await RedisServer.with { server in
            try await RedisFleet.with(server) { fleet in
                try await fleet.withMachines(3) { machines in
                    let longest = Mutex(Duration.zero)
                    try await audit(fleet, machines) {
                        try server.freeze()
                        let end = ContinuousClock.now + .seconds(10)
                        while .now < end {
                            let begun = ContinuousClock.now
                            _ = try await machines[0].cacheRepository().get(CacheKey(stored: "missing"))
                            longest.withLock { $0 = max($0, begun.duration(to: .now)) }
                            try await Task.sleep(for: .milliseconds(20))
                        }
                        try server.thaw()
                    }
                    print("longest lookup while frozen: \(longest.withLock { $0 })")
                }
            }
        }
    }

    @Test("a machine that the server hears and that hears nothing of it reads nothing old")
    func partitioned() async throws {
        try await RedisServer.with { server in
            let proxy = try await CutProxy.start(to: server.port)
            try await RedisFleet.with(server) { fleet in
                try await fleet.withMachines(2) { machines in
                    let cut = try await fleet.machine(url: server.url(port: proxy.port))
                    try await audit(fleet, machines + [cut]) {
                        proxy.swallow()
                        try await Task.sleep(for: .seconds(6))
                        proxy.pass()
                        proxy.cut()
                    }
                    await cut.close()
                }
            }
            try await proxy.close()
        }
    }

    @Test("without the store nothing is served for long, and without both nothing at all, until they are back")
    func storeDown() async throws {
        try await RedisServer.with { server in
            try await PostgresServer.with { postgres in
                let schema = postgres.freshSchema()
                let fleet = RedisFleet(location: try StoreLocation(schema.url), url: server.url())
                try await fleet.withMachines(3) { machines in
                    try await audit(fleet, machines) {
                        try await postgres.crash()
                        try await Task.sleep(for: .seconds(3))
                        for machine in machines {
                            await #expect(throws: StoreError.self) {
                                try await machine.cacheRepository().get(CacheKey(stored: "audit"))
                            }
                        }
                        try await server.crash()
                        await #expect(throws: StoreError.self) {
                            try await machines[0].cacheRepository().put(key, value, ttl: .standard)
                        }
                        try await postgres.startAgain()
                        try await Task.sleep(for: .seconds(1))
                        try await server.start()
                    }
                }
            }
        }
    }

    @Test("of ten machines with a thousand callers each one makes the value")
    func oneLoad() async throws {
        try await RedisFleet.with(RedisServer.shared) { fleet in
            try await fleet.withCachesInStep(10) { caches in
                let loads = LoadCounter()
                try await withThrowingTaskGroup(of: CacheLoad.self) { group in
                    for cache in caches {
                        for _ in 0..<1_000 {
                            group.addTask { [key, value] in
                                try await cache.value(for: key, ttl: .standard) {
                                    loads.increment()
                                    try await Task.sleep(for: .seconds(1))
                                    return value
                                }
                            }
                        }
                    }
                    var made = 0
                    for try await load in group {
                        #expect(load.value == value)
                        if load.tier == nil { made += 1 }
                    }
                    #expect((1...1_000).contains(made), "only callers of the machine that made it")
                }
                #expect(loads.value == 1)
            }
        }
    }

    @Test(
        "when the machine that makes a value is gone for good, another makes it before its lease would have ended twice"
    )
    func loaderGone() async throws {
        try await RedisFleet.with(RedisServer.shared) { fleet in
            try await fleet.withMachines(2) { machines in
                let begun = ContinuousClock.now
                let proxy = try await CutProxy.start(to: RedisServer.shared.port)
                let gone = try await fleet.machine(url: RedisServer.shared.url(port: proxy.port))
                let loads = LoadCounter()
                let lost = Task { [key, value] in
                    try await gone.cacheRepository().value(for: key, ttl: .standard) {
                        loads.increment()
                        try await Task.sleep(for: .seconds(60))
                        return value
                    }
                }
                while loads.value == 0 { try await Task.sleep(for: .milliseconds(10)) }
                // As if its host had lost its current: nothing is renewed or given back.
                proxy.silence()
                let load = try await machines[0].cacheRepository().value(for: key, ttl: .standard) { value }
                #expect(load == CacheLoad(value: value, tier: nil))
                print("taken over after \(begun.duration(to: .now))")
                lost.cancel()
                _ = await lost.result
                await gone.close()
                try await proxy.close()
            }
        }
    }
}
