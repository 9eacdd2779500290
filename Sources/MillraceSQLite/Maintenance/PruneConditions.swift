internal import GRDB
internal import MillraceCore

/// Which rows are old enough to go, as SQL with `:cutoff` and `:now`.
///
/// Those that begin with `all` include what goes with something else; the others are asked after that is gone.
struct PruneConditions: Sendable {
    let includesTranscripts: Bool
    /// What ended before goes.
    let cutoff: Timestamp
    let now: Timestamp

    /// Counts what would be deleted.
    func count(in db: Database) throws -> StorePruned {
        func count(_ table: String, _ condition: String) throws -> Int {
            try db.rows("SELECT count(*) FROM \(table) WHERE \(condition)", arguments(for: condition)) {
                try $0.value()
            }[0]
        }
        var pruned = StorePruned()
        pruned.transcripts = try count("transcripts", transcripts)
        pruned.processings = try count("processing_tasks", allProcessings)
        pruned.chunks = try count("chunk_tasks", allChunks)
        pruned.jobs = try count("processing_jobs", allJobs)
        pruned.cacheEntries = try count("cache_entries", allCacheEntries)
        pruned.samples = try count("metrics", "timestamp < :cutoff")
        return pruned
    }

    /// The times that a condition speaks of.
    func arguments(for condition: String) -> StatementArguments {
        let times: [String: Int64] = ["cutoff": cutoff.microseconds, "now": now.microseconds]
        return StatementArguments(times.filter { condition.contains(":\($0.key)") })
    }

    /// Transcripts that ended, but for those that an open job still waits for: it has yet to read what came of them.
    var transcripts: String {
        includesTranscripts
            ? "status <> 'PROCESSING' AND completed_at < :cutoff AND \(Self.isAwaitedByNone("transcripts.id"))"
            : "false"
    }

    private static func isAwaitedByNone(_ transcript: String) -> String {
        """
        NOT EXISTS (
            SELECT 1 FROM processing_jobs job
            WHERE job.awaits = \(transcript) AND job.status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
        )
        """
    }

    private var oldTranscript: String { "transcript_id IN (SELECT id FROM transcripts WHERE \(transcripts))" }

    /// Processings that nobody can resume and no open job waits for, and those that lost their transcript.
    let processings = """
        status IN ('COMPLETED', 'CANCELLED') AND completed_at < :cutoff
        AND \(isAwaitedByNone("processing_tasks.transcript_id"))
        OR transcript_id NOT IN (SELECT id FROM transcripts)
        """

    var allProcessings: String { "\(processings) OR \(oldTranscript)" }

    /// Chunks that lost their processing.
    let strayChunks = "processing_id NOT IN (SELECT id FROM processing_tasks)"

    var allChunks: String {
        "\(strayChunks) OR processing_id IN (SELECT id FROM processing_tasks WHERE \(allProcessings))"
    }

    /// Jobs that ended, but for a merge that its processing still waits for: what becomes of that is the sweep's.
    let jobs = """
        status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND completed_at < :cutoff AND NOT EXISTS (
            SELECT 1 FROM processing_tasks task
            WHERE task.transcript_id = processing_jobs.transcript_id AND task.status = 'MERGING'
        )
        """

    var allJobs: String { "\(jobs) OR \(oldTranscript)" }

    /// Cached values that have expired.
    let cacheEntries = "expires_at <= :now"

    var allCacheEntries: String {
        """
        \(cacheEntries) OR cache_key IN (
            SELECT cache_key FROM chunk_tasks
            WHERE processing_id IN (SELECT id FROM processing_tasks WHERE \(oldTranscript))
        )
        """
    }
}
