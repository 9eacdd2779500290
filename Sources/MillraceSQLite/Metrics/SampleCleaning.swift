internal import GRDB
internal import MillraceCore

/// Removes samples that are older than they are kept, a bounded number at a time.
struct SampleCleaning: Sendable {
    /// What is older goes.
    let cutoff: Timestamp

    /// Removes some, after others were written.
    func run(with written: Int, in db: Database) throws {
        try remove(upTo: MetricRetention.removals(with: written), in: db)
    }

    /// - Returns: how many were removed.
    @discardableResult
    func remove(upTo limit: Int, in db: Database) throws -> Int {
        try db.run(
            """
            DELETE FROM metrics WHERE id IN (
                WITH RECURSIVE \(SampleQuery.allNames)
                SELECT old.id FROM names CROSS JOIN metrics AS old ON old.metric_name = name
                WHERE old.timestamp < :cutoff
                LIMIT :limit
            )
            """, ["cutoff": cutoff.microseconds, "limit": limit])
    }
}
