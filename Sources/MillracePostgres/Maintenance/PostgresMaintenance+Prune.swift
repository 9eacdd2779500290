public import MillraceCore

extension PostgresMaintenance {
    /// Deletes what ended long ago, a little at a time, so that others hardly wait; by the rules of
    /// `SQLiteMaintenance.prune(_:)`.
    ///
    /// When it is cancelled or fails, what was deleted until then is deleted.
    ///
    /// - Returns: what was deleted; for a dry run, what would be.
    public func prune(_ pruning: StorePruning) async throws(StoreError) -> StorePruned {
        let now = try await store.rows("SELECT coalesce($1::timestamptz, now())", [store.now], isIdempotent: true) {
            try $0.time()
        }[0]
        let pruner = PostgresPruner(
            store: store, cutoff: now - max(.zero, pruning.age), now: now,
            includesTranscripts: pruning.includesTranscripts)
        return pruning.isDryRun ? try await pruner.count() : try await pruner.prune()
    }
}
