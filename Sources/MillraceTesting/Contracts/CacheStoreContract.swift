/// What ``/MillraceCore/CacheStore`` promises.
public enum CacheStoreContract {
    /// The rules for every adapter; they use the fixture's store alone.
    public static let rules: [ContractRule<CacheFixture>] = CacheStoreRules.all + CacheManagerRules.all
}
