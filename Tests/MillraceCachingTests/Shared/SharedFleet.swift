import MillraceCaching
import MillraceCore
import MillraceTesting

/// Caches of several machines over one store and one shared tier, all by one clock that a test moves.
struct SharedFleet: Sendable {
    let clock = ManualClock()
    let store: HeldStore
    let tier: InMemorySharedTier

    init() {
        store = HeldStore(clock: clock)
        tier = InMemorySharedTier(clock: clock)
    }

    /// The cache of a machine that begins now.
    func machine(shares: Bool = true) -> TieredCache {
        TieredCache(store: store, shared: shares ? tier : nil, clock: clock)
    }

    /// The same, in use for so long that it listens.
    func running() async throws -> TieredCache {
        let cache = machine()
        for _ in 0..<2 {
            _ = try await cache.get(key("unused"))
            clock.advance(by: .seconds(1))
        }
        _ = try await cache.get(key("unused"))
        return cache
    }

    func tier(of name: String, by cache: TieredCache) async throws -> CacheTierName? {
        try await cache.get(key(name))?.tier
    }
}
