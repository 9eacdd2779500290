internal import MillraceCore

/// Writes samples, and removes as many old ones as go with them, in one statement.
struct SampleInsert {
    let samples: [MetricSample]
    let retention: Duration
    let store: PostgresStore

    func run() async throws(StoreError) {
        var texts: [MetricLabels: String] = [:]
        var tags: [String?] = []
        tags.reserveCapacity(samples.count)
        for sample in samples {
            let labels = sample.series.labels
            let text: String
            if let known = texts[labels] { text = known } else { text = try Self.json(labels) }
            texts[labels] = text
            tags.append(text)
        }
        // Twice is as good as once: of two samples of one time the first counts.
        try await store.execute(
            """
            WITH RECURSIVE \(Self.names(in: store.schema)), written AS (
                INSERT INTO \(store.schema).metrics (metric_name, metric_value, tags, timestamp)
                SELECT sample.name, sample.value, sample.tags, sample.time
                FROM unnest($1::text[], $2::float8[], $3::jsonb[], $4::timestamptz[])
                    AS sample (name, value, tags, time)
            )
            \(Self.removal(in: store.schema, cutoff: "coalesce($5::timestamptz, now()) - $6::bigint * interval '1 microsecond'", limit: "$7"))
            """,
            [
                .texts(samples.map(\.series.name.text)), .float8s(samples.map { $0.isStale ? nil : $0.value }),
                .jsons(tags), .times(samples.map(\.time)), store.now, .microseconds(retention),
                .int8(Int64(MetricRetention.removals(with: samples.count))),
            ], isIdempotent: true)
    }

    /// Removes samples that are older than they are kept.
    ///
    /// - Returns: how many.
    static func removeOld(before cutoff: Timestamp, upTo limit: Int, of store: PostgresStore) async throws(StoreError)
        -> Int
    {
        try await store.execute(
            """
            WITH RECURSIVE \(names(in: store.schema))
            \(removal(in: store.schema, cutoff: "$1::timestamptz", limit: "$2"))
            """, [.time(cutoff), .int8(Int64(limit))], isIdempotent: true)
    }

    /// `names`, with the names of all metrics, found by as many steps in the index.
    static func names(in schema: String) -> String {
        """
        names (name) AS (
            (SELECT metric_name FROM \(schema).metrics ORDER BY metric_name LIMIT 1)
            UNION ALL
            SELECT (SELECT metric_name FROM \(schema).metrics WHERE metric_name > name ORDER BY metric_name LIMIT 1)
            FROM names WHERE name IS NOT NULL
        )
        """
    }

    /// Passes over what another removes at the same time.
    private static func removal(in schema: String, cutoff: String, limit: String) -> String {
        """
        DELETE FROM \(schema).metrics WHERE id = ANY (ARRAY(
            SELECT old.id FROM names CROSS JOIN LATERAL (
                SELECT id FROM \(schema).metrics
                WHERE metric_name = name AND timestamp < \(cutoff)
                ORDER BY timestamp LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            ) AS old
            LIMIT \(limit)
        ))
        """
    }

    /// Labels as they are stored, a JSON object.
    static func json(_ labels: MetricLabels) throws(StoreError) -> String {
        do throws(InvalidValue) {
            return try JSONText(encoding: labels.byName).text
        } catch {
            throw StoreError(.invalid, "the store cannot keep these labels: \(error)", cause: error)
        }
    }
}
