/// What ``/MillraceCore/TranscriptRepository`` promises.
public enum TranscriptContract {
    /// The rules for every adapter.
    public static let rules: [ContractRule<StoreFixture>] = TranscriptRules.all + TranscriptDeletionRules.all
}
