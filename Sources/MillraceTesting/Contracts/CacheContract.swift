/// What ``/MillraceCore/CacheRepository`` promises.
public enum CacheContract {
    /// The rules for every cache, whatever tiers it has.
    public static let rules: [ContractRule<CacheFixture>] =
        CacheValueRules.all + CacheExpiryRules.all + CacheLoadRules.all + CacheRaceRules.all + CacheStalenessRules.all
        + CacheInvalidationRules.all + CacheUpkeepRules.all + CacheStatsRules.all

    /// The rules about the number of statements, for stores of which they can be counted.
    public static let statementRules: [ContractRule<CacheFixture>] = CacheStatementRules.ofCache
}
