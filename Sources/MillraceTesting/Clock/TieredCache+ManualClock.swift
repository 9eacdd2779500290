public import MillraceCaching
public import MillraceCore

extension TieredCache {
    /// Puts memory in front of a store; every time is the one of a clock that a test moves.
    public convenience init(
        store: any CacheStore, limits: CacheManager.Limits = .standard,
        storeLimits: CacheManager.StoreLimits = .standard, shared: (any SharedCacheTier)? = nil, clock: ManualClock
    ) {
        var options = Options()
        options.limits = limits
        options.storeLimits = storeLimits
        options.shared = shared
        options.clock = clock
        options.time = SteadyTime(clock)
        self.init(store: store, options: options)
    }
}
