/// What ``/MillraceCore/JobQueueRepository`` promises.
public enum JobQueueContract {
    /// The rules for every adapter.
    public static let rules: [ContractRule<StoreFixture>] =
        EnqueueRules.all + JobClaimRules.all + JobSettleRules.all + JobMoveRules.all + WorkerRules.all
        + JobRescueRules.all + SuspectRules.all + QueueRules.all + JobReadRules.all + JobListRules.all + EngineRules.all
        + AwaitRules.all + JobIdentityClaimRules.all + JobEndRules.all

    /// The rules for adapters that can count their statements; they need ``StoreFixture/statementCount``.
    public static let statementRules: [ContractRule<StoreFixture>] = JobStatementRules.all
}
