extension Migration {
    /// What was measured, for stores without a Prometheus.
    static let metrics = Migration(
        version: 7, name: "metrics",
        sql: """
            -- One row a sample; of two of a series with one time the first counts.
            CREATE TABLE metrics (
                id           INTEGER PRIMARY KEY,
                metric_name  TEXT NOT NULL CHECK (length(metric_name) BETWEEN 1 AND 255),
                -- NULL says that the series has ended. SQLite knows no number that is none: that is the text 'NaN'.
                metric_value ANY CHECK (typeof(metric_value) IN ('real', 'null') OR metric_value IS 'NaN'),
                tags         TEXT NOT NULL,
                timestamp    INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX idx_metrics_name_time ON metrics (metric_name, timestamp);

            -- One row a collector that was saved, with what its metrics are.
            CREATE TABLE metric_collectors (
                id          TEXT PRIMARY KEY,
                definitions TEXT NOT NULL,
                updated_at  INTEGER NOT NULL
            ) STRICT;
            """)
}
