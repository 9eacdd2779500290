import CoreMetrics
import MetricsTestKit
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

@Suite(.timeLimit(.minutes(5))) struct CacheMetricsTests {
    private let clock = ManualClock()
    private let store: HeldStore
    private let metrics = TestMetrics()

    init() {
        store = HeldStore(clock: clock)
    }

    private func cache(
        limits: CacheManager.Limits = .standard, shared: (any SharedCacheTier)? = nil
    ) -> TieredCache {
        withMetricsFactory(metrics) { TieredCache(store: store, limits: limits, shared: shared, clock: clock) }
    }

    private func requests(_ tier: String, _ result: String) -> Int64 {
        metrics.counterTotal(label: "millrace_cache_requests_total", dimensions: [("tier", tier), ("result", result)])
    }

    @Test func `lookups are counted by tier and result, each once, when the upkeep reports`() async throws {
        let cache = cache()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        for _ in 0..<5 { _ = try await cache.get(key("a")) }
        _ = try await cache.get(key("b"))
        #expect(requests("L1", "hit") == 0, "a hit is not measured by itself")
        try await cache.maintain()
        #expect(requests("L1", "hit") == 5 && requests("L1", "miss") == 1)
        #expect(requests("L3", "hit") == 0 && requests("L3", "miss") == 1)
        try await cache.maintain()
        #expect(requests("L1", "hit") == 5 && requests("L3", "miss") == 1)
        _ = try await cache.get(key("a"))
        cache.close()
        #expect(requests("L1", "hit") == 6)
    }

    @Test func `what was counted is reported although the store refuses the upkeep`() async throws {
        let cache = cache()
        try await cache.put(key("a"), value("1"), ttl: .standard)
        _ = try await cache.get(key("a"))
        store.after(.record) { () async throws(StoreError) in throw StoreError(.full, "no room") }
        await #expect(throws: StoreError.self) { try await cache.maintain() }
        #expect(requests("L1", "hit") == 1)
    }

    @Test func `the shared tier counts too, where there is one`() async throws {
        _ = try await cache().maintain()
        #expect(!metrics.counters(label: "millrace_cache_requests_total").contains { $0.dimensions.first?.1 == "L2" })
        let shared = InMemorySharedTier(clock: clock)
        let writer = cache(shared: shared)
        _ = try await writer.get(key("a"))
        try await writer.put(key("a"), value("1"), ttl: .standard)
        let reader = cache(shared: shared)
        #expect(try await reader.get(key("a"))?.tier == .l2)
        try await reader.maintain()
        #expect(requests("L2", "hit") == 1)
        reader.close()
        writer.close()
    }

    @Test func `loads are counted and timed by how they end`() async throws {
        let cache = cache()
        _ = try await cache.value(for: key("a"), ttl: .standard) { [clock] in
            clock.advance(by: .milliseconds(250))
            return value("1")
        }
        await #expect(throws: StoreError.self) {
            try await cache.value(for: key("b"), ttl: .standard) { throw StoreError(.unexpected, "no") }
        }
        _ = try await cache.value(for: key("a"), ttl: .standard) { value("2") }
        func loads(_ result: String) -> Int64 {
            metrics.counterTotal(label: "millrace_cache_loads_total", dimensions: [("result", result)])
        }
        #expect(loads("success") == 1 && loads("failure") == 1 && loads("cancelled") == 0)
        #expect(try metrics.expectTimer("millrace_cache_load_seconds").values == [250_000_000, 0])
    }

    @Test func `entries, bytes and evictions of memory are shown, of all caches of the process together`() async throws
    {
        let few = try CacheManager.Limits(entries: 10)
        var caches: [TieredCache]? = [cache(limits: few), cache(limits: few)]
        for cache in caches ?? [] {
            for number in 0..<25 { try await cache.put(key("\(number)"), value("1"), ttl: .standard) }
            try await cache.maintain()
        }
        let l1: [(String, String)] = [("tier", "L1")]
        let entries = try metrics.expectMeter("millrace_cache_entries", l1)
        #expect(entries.lastValue == 20)
        let bytes = try #require(try metrics.expectMeter("millrace_cache_bytes", l1).lastValue)
        #expect(bytes > 0)
        #expect(metrics.counterTotal(label: "millrace_cache_evictions_total", dimensions: l1) == 30)
        try await caches?.first?.invalidatePattern(.everything)
        try await caches?.first?.maintain()
        #expect(entries.lastValue == 10, "what was removed takes no room")
        caches = nil
        #expect(entries.lastValue == 0, "what is gone takes no room")
    }

    @Test func `an invalidation is as late as the question before it`() async throws {
        let (cache, other) = (cache(), TieredCache(store: store, clock: clock))
        try await cache.put(key("a"), value("1"), ttl: .standard)
        _ = try await cache.get(key("a"))
        clock.advance(by: .milliseconds(1_000))
        _ = try await cache.get(key("a"))
        let before = try metrics.expectTimer("millrace_cache_invalidation_delay_seconds").values.count
        clock.advance(by: .milliseconds(300))
        try await other.put(key("a"), value("2"), ttl: .standard)
        clock.advance(by: .milliseconds(900))
        #expect(try await cache.get(key("a"))?.value == value("2"))
        let delays = try metrics.expectTimer("millrace_cache_invalidation_delay_seconds").values.dropFirst(before)
        #expect(Array(delays) == [1_200_000_000])
        clock.advance(by: .milliseconds(1_000))
        _ = try await cache.get(key("a"))
        let all = try metrics.expectTimer("millrace_cache_invalidation_delay_seconds").values
        #expect(all.count == before + 1, "an answer that names no writes is no news")
    }
}
