internal import MillraceCore

/// What a storm has left.
struct StormOutcome: CustomStringConvertible {
    var stats: JobStats
    /// Rows that the jobs wrote, and jobs that wrote any.
    var effects: (rows: Int, jobs: Int)
    var kills: Int
    var starts: Int
    /// Times that a job was taken from a dead worker.
    var rescues: Int
    /// Retries used; a crash uses none.
    var retries: Int
    var elapsed: Duration

    /// Whether every job was done once, and there was a storm at all.
    func isAsItShouldBe(jobs: Int) -> Bool {
        stats[.completed] == jobs && stats.total == jobs && effects == (jobs, jobs) && kills > 0 && rescues > 0
    }

    var description: String {
        """
        completed=\(stats[.completed]) failed=\(stats[.failed]) open=\(stats.total - stats[.completed] - stats[.failed]) \
        effects=\(effects.rows) of \(effects.jobs) jobs kills=\(kills) starts=\(starts) rescues=\(rescues) \
        retries=\(retries) seconds=\(Int(elapsed.inSeconds))
        """
    }
}
