internal import GRDB
internal import MillraceCore

/// What the metrics of a collector are, as it is stored.
struct CollectorRow: Sendable {
    private let id: CollectorID
    private let definitions: String
    private let now: Timestamp

    init(_ collector: MetricsCollector, at now: Timestamp) throws(StoreError) {
        id = collector.id
        self.now = now
        do throws(InvalidValue) {
            definitions = try JSONText(encoding: collector.definitions).text
        } catch {
            throw StoreError(.invalid, "the store cannot keep these definitions: \(error)", cause: error)
        }
    }

    /// Writes the row, if it is new or was not written for a day, and removes those of collectors that nobody saves any more.
    func write(in db: Database, forgettingThoseBefore cutoff: Timestamp) throws {
        let written = try db.run(
            """
            INSERT INTO metric_collectors (id, definitions, updated_at) VALUES (:id, :definitions, :now)
            ON CONFLICT (id) DO UPDATE SET definitions = excluded.definitions, updated_at = excluded.updated_at
                WHERE definitions <> excluded.definitions OR updated_at <= :now - 86400000000
            """, ["id": id.sql, "definitions": definitions, "now": now.microseconds])
        guard written > 0 else { return }
        try db.run("DELETE FROM metric_collectors WHERE updated_at < ?", [cutoff.microseconds])
    }
}
