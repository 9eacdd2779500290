internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Deletes what ended long ago, a little at a time, so that others who write hardly wait.
    ///
    /// Jobs that ended; processings that are COMPLETED or CANCELLED, with their chunks; cached values that have expired;
    /// samples of metrics; what is left of deleted rows. Transcripts stay, with their text, and so do processings that can be resumed
    /// (PARTIAL, FAILED), unless transcripts are to go as well: then those that ended go with everything that was made
    /// for them. What is open stays in any case. The file does not shrink; its free pages are used again.
    ///
    /// When it is cancelled or fails, what was deleted until then is deleted. A dry run changes nothing in the file.
    ///
    /// - Returns: what was deleted; for a dry run, what would be.
    /// - Throws: a dry run `olderVersion` for a store that would have to be migrated first.
    public func prune(_ pruning: StorePruning) async throws(StoreError) -> StorePruned {
        let now = clock.now()
        let conditions = PruneConditions(
            includesTranscripts: pruning.includesTranscripts, cutoff: now - max(.zero, pruning.age), now: now)
        guard pruning.isDryRun else { return try await StorePruner(store: open(), conditions: conditions).prune() }
        return try await FileWork.run(on: path) { [path] _ in
            try StoreSource.read(path) { db in
                _ = try StoreSource.version(of: db, path)
                do {
                    try Migrator(migrations: Migration.all).requireNewest(in: db)
                } catch {
                    throw StoreError.opening(path, error)
                }
                return try conditions.count(in: db)
            }
        }
    }
}
