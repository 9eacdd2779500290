internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Deletes what ended long ago, a little at a time, so that others who write hardly wait.
    ///
    /// Jobs that ended; processings that are COMPLETED or CANCELLED, with their chunks; cached values that have expired;
    /// what is left of deleted rows. Transcripts stay, with their text, and so do processings that can be resumed
    /// (PARTIAL, FAILED), unless transcripts are to go as well: then those that ended go with everything that was made
    /// for them. What is open stays in any case. The file does not shrink; its free pages are used again.
    ///
    /// When it is cancelled or fails, what was deleted until then is deleted.
    ///
    /// - Returns: what was deleted; for a dry run, what would be.
    public func prune(_ pruning: StorePruning) async throws(StoreError) -> StorePruned {
        let store = try await open()
        let now = clock.now()
        let pruner = StorePruner(
            store: store, cutoff: now - max(.zero, pruning.age), now: now,
            includesTranscripts: pruning.includesTranscripts)
        return pruning.isDryRun ? try await pruner.count() : try await pruner.prune()
    }
}
