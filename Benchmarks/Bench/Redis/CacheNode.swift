import Millrace
import MillraceCaching
import MillraceRedis

/// The cache of one machine, with memory and a connection of its own, in front of Redis and a store that others share.
struct CacheNode {
    let cache: TieredCache
    let tier: RedisCacheTier
    let client: RedisClient

    init(
        _ server: RedisBenchServer, over store: any CacheStore, storeID: String,
        limits: CacheManager.Limits = .standard
    ) throws {
        client = try RedisClient(server.configuration)
        tier = RedisCacheTier(client, storeID: storeID)
        cache = Self.cache(over: store, tier, limits)
    }

    /// A cache that begins now, over connections that are there.
    static func cache(
        over store: any CacheStore, _ tier: RedisCacheTier, _ limits: CacheManager.Limits = .standard
    ) -> TieredCache {
        var options = TieredCache.Options()
        options.limits = limits
        options.shared = tier
        return TieredCache(store: store, options: options)
    }

    /// Uses the cache until it listens to what others write, as one does that has been there for a moment.
    func settle() async throws {
        let key = try CacheKey("nobody's")
        for _ in 0..<4 {
            _ = try await cache.get(key)
            try await Task.sleep(for: .seconds(1.1))
        }
        _ = try await cache.get(key)
    }

    func close() {
        cache.close()
        client.close()
    }
}
