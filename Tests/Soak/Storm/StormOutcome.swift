internal import MillraceCore

/// What a storm has left.
struct StormOutcome: CustomStringConvertible {
    var stats: JobStats
    /// Rows that the jobs wrote, and jobs that wrote any.
    var effects: (rows: Int, jobs: Int)
    var blows: Int
    var starts: Int
    /// Workers that ended by themselves.
    var deserters: Int
    /// Times that a job was taken from a dead worker.
    var rescues: Int
    /// Retries used; a crash uses none.
    var retries: Int
    var elapsed: Duration

    /// Whether every job was done once, by workers that stayed, and there was a storm at all.
    func isAsItShouldBe(jobs: Int) -> Bool {
        stats[.completed] == jobs && stats.total == jobs && effects == (jobs, jobs) && blows > 0 && deserters == 0
    }

    var description: String {
        """
        completed=\(stats[.completed]) failed=\(stats[.failed]) open=\(stats.total - stats[.completed] - stats[.failed]) \
        effects=\(effects.rows) of \(effects.jobs) jobs blows=\(blows) starts=\(starts) deserters=\(deserters) \
        rescues=\(rescues) retries=\(retries) seconds=\(Int(elapsed.inSeconds))
        """
    }
}
