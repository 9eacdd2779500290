internal import MillraceCore

/// So many samples are read at once, at most.
private let portion = 10_000

/// Reads samples of a metric, or of all, that have all of some tags and lie within a stretch of time, both ends included.
struct SampleQuery<Name: Sendable>: Sendable {
    let name: Name
    /// A JSON object.
    let tags: String
    let from: Timestamp
    let to: Timestamp
    let store: PostgresStore

    fileprivate static func labels(_ row: inout RowReader) throws -> MetricLabels {
        try MetricLabels(row.json([String: String].self))
    }
}

extension SampleQuery<MetricName> {
    /// Hands the samples of each series to a window of its own; of all that there are no more than a portion is in memory.
    func windows<Window: SampleWindow>(_ empty: Window) async throws(StoreError) -> MetricWindows<Window> {
        var parameters: [PostgresParameter] = [.text(name.text), .time(from), .time(to)]
        if tags != "{}" { parameters.append(.json(tags)) }
        // Of one moment, and planned once, unlike questions that each go on where the last one ended.
        let cursor = """
            DECLARE samples NO SCROLL CURSOR FOR
            SELECT tags, timestamp, metric_value FROM \(store.schema).metrics
            WHERE metric_name = $1 AND timestamp BETWEEN $2 AND $3\(parameters.count > 3 ? " AND tags @> $4" : "")
            ORDER BY timestamp, id
            """
        return try await store.statement(isIdempotent: true) { [parameters] connection in
            try await connection.withTransaction { transaction in
                try await transaction.execute(cursor, parameters)
                var windows = MetricWindows(of: name, each: empty)
                // The same objects have the same text, as the server writes it.
                var places: [ExactText: Int] = [:]
                while true {
                    let samples = try await transaction.rows("FETCH \(portion) FROM samples") { row in
                        (tags: ExactText(try row.value()), time: try row.time(), value: try row.optional(Double.self))
                    }
                    for sample in samples {
                        let place: Int
                        if let known = places[sample.tags] {
                            place = known
                        } else {
                            place = windows.append(try labels(sample.tags.text))
                            places[sample.tags] = place
                        }
                        windows.add(sample.value ?? StaleMarker.value, at: sample.time, to: place)
                    }
                    if samples.count < portion { return windows }
                }
            }
        }
    }

    private func labels(_ tags: String) throws(StoreError) -> MetricLabels {
        do {
            return try MetricLabels(JSONText(stored: tags).decode([String: String].self))
        } catch {
            throw StoreError(postgres: error, store: store.name)
        }
    }
}

extension SampleQuery<MetricName?> {
    /// The series that the samples belong to, in order.
    func series() async throws(StoreError) -> [MetricSeries] {
        let schema = store.schema
        var parameters: [PostgresParameter] = [.time(from), .time(to)]
        var source = "\(schema).metrics AS sample"
        var conditions = ""
        if let name {
            parameters.append(.text(name.text))
            conditions = " AND sample.metric_name = $3"
        } else if tags == "{}" {
            source = "names JOIN \(source) ON sample.metric_name = name"
        }
        if tags != "{}" {
            parameters.append(.json(tags))
            conditions += " AND sample.tags @> $\(parameters.count)"
        }
        let sql = """
            WITH RECURSIVE \(SampleInsert.names(in: schema))
            SELECT DISTINCT sample.metric_name, sample.tags
            FROM \(source) WHERE sample.timestamp BETWEEN $1 AND $2\(conditions)
            """
        guard name == nil, tags != "{}" else {
            return try await store.rows(sql, parameters, isIdempotent: true) { try Self.read(&$0) }.sorted()
        }
        // By the index of the tags, for which the server must be free to plan.
        do {
            return try await store.transaction { [parameters] connection in
                try await connection.rows(sql, parameters) { try Self.read(&$0) }
            }.sorted()
        } catch {
            throw StoreError(postgres: error, store: store.name)
        }
    }

    private static func read(_ row: inout RowReader) throws -> MetricSeries {
        let name = MetricName(stored: try row.value())
        return MetricSeries(name, try Self.labels(&row))
    }
}
