/// What ``/MillraceCore/ProcessingRepository`` promises.
public enum ProcessingContract {
    /// The rules for every adapter.
    public static let rules: [ContractRule<StoreFixture>] =
        StartRules.all + ChunkClaimRules.all + ChunkTurnRules.all + ChunkSettleRules.all + CounterRules.all
        + MergeRules.all + SaveRules.all + ResumeRules.all + ChunkRescueRules.all + ChunkSuspectRules.all
        + ChunkAudioRules.all + FinishRules.all + SweepRules.all + ProgressRules.all + TraceRules.all

    /// The rules for adapters whose counters can be damaged; they need ``StoreFixture/skewCounters``.
    public static let damageRules: [ContractRule<StoreFixture>] = SweepRules.damage

    /// The rules for adapters that can count their statements; they need ``StoreFixture/statementCount``.
    public static let statementRules: [ContractRule<StoreFixture>] = ChunkStatementRules.all
}
