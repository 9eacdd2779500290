import Logging
import MillraceCaching
import MillraceCore
import MillraceTesting
import MillraceWorkers
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct CacheServiceTests {
    private let place = Workplace()
    private let key = CacheKey(stored: "k")
    private let value = CacheValue(bytes: .init([1]))

    private let logger = Logger(label: "cache", factory: { _ in SwiftLogNoOpLogHandler() })

    private var service: CacheService {
        CacheService(place.cache, time: MonotonicTime(place.clock), logger: logger)
    }

    private func reportedHits() async throws -> Int {
        try await place.cacheStore.counters(of: "default")[.l1]?.hits ?? 0
    }

    private func use(_ times: Int) async throws {
        for _ in 0..<times { #expect(try await place.cache.get(key)?.tier == .l1) }
    }

    @Test func `what was counted reaches the store every ten seconds, and what expired goes`() async throws {
        try await place.cache.put(key, value, ttl: .standard)
        _ = try await place.cacheStore.put(CacheKey(stored: "short"), value, ttl: TTL(.seconds(5)))
        try await use(3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let service = service
            group.addTask { try await service.run() }
            try await place.clock.waitForSleepers(1)
            place.clock.advance(by: .seconds(10) - .microseconds(1))
            #expect(try await reportedHits() == 0)
            place.clock.advance(by: .microseconds(1))
            try await eventually { try await reportedHits() == 3 }
            try await place.clock.waitForSleepers(1)
            group.cancelAll()
        }
        // Nothing that expired is left for another to remove.
        place.clock.advance(by: CacheManager.upkeepLease)
        let other = CacheID.make(at: place.clock.timeOfDay)
        #expect(try await place.cacheStore.clean(within: .standard, limit: 10, as: other)?.expired == 0)
    }

    @Test func `a graceful shutdown writes what was gathered since`() async throws {
        try await place.cache.put(key, value, ttl: .standard)
        let services = ServiceGroup(services: [service], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await place.clock.waitForSleepers(1)
            try await use(2)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        #expect(try await reportedHits() == 2)
    }

    @Test func `a cancelled service writes what was gathered since, and says that it was cancelled`() async throws {
        try await place.cache.put(key, value, ttl: .standard)
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let service = service
                group.addTask { try await service.run() }
                try await place.clock.waitForSleepers(1)
                try await use(2)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(try await reportedHits() == 2)
    }

    @Test func `a worker that ends has reported what its cache counted`() async throws {
        let engine = EchoTranscriber()
        _ = try await place.finish(try await place.startRun(chunks: 3), with: engine)
        _ = try await place.finish(try await place.startRun(chunks: 3), with: engine)
        let counted = try await place.cache.stats().tiers
        #expect(counted[.l1]?.hits == 3)
        #expect(try await place.cacheStore.counters(of: "default")[.l1] == counted[.l1])
    }

    @Test func `trouble of the cache ends no service`() async throws {
        let service = CacheService(BrokenCache(), time: MonotonicTime(place.clock), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            for _ in 0..<3 {
                try await place.clock.waitForSleepers(1)
                place.clock.advance(by: .seconds(10))
            }
            try await place.clock.waitForSleepers(1)
            group.cancelAll()
        }
    }
}
