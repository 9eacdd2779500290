internal import GRDB
internal import MillraceCore

/// Reads samples of a metric, or of all, that have all of some tags and lie within a stretch of time, both ends included.
struct SampleQuery: Sendable {
    let name: MetricName?
    /// A JSON object.
    let tags: String
    let from: Timestamp
    let to: Timestamp

    init(name: MetricName?, tags: String, from: Timestamp, to: Timestamp) {
        self.name = name
        self.tags = tags
        self.from = from
        self.to = to
    }

    private static let hasTags = """
        NOT EXISTS (
            SELECT 1 FROM json_each(:tags) AS wanted
            WHERE json_extract(sample.tags, '$.' || wanted.key) IS NOT wanted.value
        )
        """

    /// `names`, with the names of all metrics, found by as many steps in the index.
    static let allNames = """
        names (name) AS (
            SELECT min(metric_name) FROM metrics
            UNION ALL
            SELECT (SELECT min(metric_name) FROM metrics WHERE metric_name > name) FROM names WHERE name IS NOT NULL
        )
        """

    private var arguments: StatementArguments {
        ["name": name?.text, "tags": tags, "from": from.microseconds, "to": to.microseconds]
    }

    /// Hands the samples of each series to a window of its own.
    func windows<Window: SampleWindow>(_ empty: Window, in db: Database) throws -> MetricWindows<Window> {
        guard let name else { throw StoreError(.invalid, "samples are read of one metric at a time") }
        var windows = MetricWindows(of: name, each: empty)
        var places: [ExactText: Int] = [:]
        let cursor = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT tags, timestamp, metric_value FROM metrics AS sample
                    WHERE metric_name = :name AND timestamp BETWEEN :from AND :to AND \(Self.hasTags)
                    ORDER BY timestamp, id
                    """), arguments: arguments)
        while let row = try cursor.next() {
            var row = RowReader(row)
            let tags = ExactText(try row.value())
            let time = try row.time()
            let place: Int
            if let known = places[tags] {
                place = known
            } else {
                place = windows.append(try Self.labels(tags.text))
                places[tags] = place
            }
            windows.add(try row.optionalNumber() ?? StaleMarker.value, at: time, to: place)
        }
        return windows
    }

    /// The series that the samples belong to, in order.
    func series(in db: Database) throws -> [MetricSeries] {
        let names = name == nil ? Self.allNames : "names (name) AS (VALUES (:name))"
        return try db.rows(
            """
            WITH RECURSIVE \(names)
            SELECT DISTINCT sample.metric_name, sample.tags
            FROM names CROSS JOIN metrics AS sample ON sample.metric_name = name
            WHERE sample.timestamp BETWEEN :from AND :to AND \(Self.hasTags)
            """, name == nil ? ["tags": tags, "from": from.microseconds, "to": to.microseconds] : arguments
        ) { row in
            let name = MetricName(stored: try row.value())
            return MetricSeries(name, try Self.labels(try row.value()))
        }
        .sorted()
    }

    private static func labels(_ tags: String) throws -> MetricLabels {
        try MetricLabels(JSONText(stored: tags).decode([String: String].self))
    }
}
