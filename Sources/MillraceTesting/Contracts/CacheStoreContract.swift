/// What ``/MillraceCore/CacheStore`` promises.
public enum CacheStoreContract {
    /// The rules for every adapter; they use the fixture's store alone.
    public static let rules: [ContractRule<CacheFixture>] =
        CacheStoreRules.all + CacheFillRules.all + CachePatternRules.all + CacheChangeRules.all + CachePurgeRules.all
        + CacheCleaningRules.all + CacheManagerRules.all

    /// The rules about the number of statements, for adapters of which they can be counted.
    public static let statementRules: [ContractRule<CacheFixture>] = CacheStatementRules.ofStore
}
