/// What ``/MillraceCore/CacheRepository`` promises.
public enum CacheContract {
    /// The rules for every cache, whatever tiers it has.
    public static let rules: [ContractRule<CacheFixture>] =
        CacheValueRules.all + CacheExpiryRules.all + CacheLoadRules.all + CacheStatsRules.all
}
