import MillraceCore
import Testing

@Suite struct CacheManagerTests {
    @Test("A new cache has the usual bounds and has counted nothing")
    func new() throws {
        let cache = try CacheManager(id: .make(at: .zero), name: "chunks")
        #expect(cache.limits == .standard && cache.counters.isEmpty && cache.version == 0)
        #expect(CacheManager.Limits.standard.entries == 10_000 && CacheManager.Limits.standard.bytes == 67_108_864)
        #expect(try CacheManager.Limits() == .standard)
    }

    @Test("Bounds that are not positive are refused", arguments: [(0, 1), (1, 0), (-1, 1), (1, -1), (0, 0)])
    func refusesLimits(entries: Int, bytes: Int) {
        #expect(throws: InvalidValue("cache limits", "must be positive")) {
            try CacheManager.Limits(entries: entries, bytes: bytes)
        }
    }

    @Test("Counts are added up for each tier")
    func adds() throws {
        var cache = try CacheManager(
            id: .make(at: .zero), name: "chunks", counters: [.l1: .init(hits: 1, misses: 2, evictions: 3)])
        cache.add(.l1, .init(hits: 10, misses: 20, evictions: 30))
        cache.add(.l3, .init(hits: 5))
        #expect(cache.counters == [.l1: .init(hits: 11, misses: 22, evictions: 33), .l3: .init(hits: 5)])
    }

    @Test("The tiers are L1, L2 and L3")
    func tiers() {
        #expect(CacheTierName.allCases.map(\.rawValue) == ["L1", "L2", "L3"])
    }
}
