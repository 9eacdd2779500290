import Millrace

/// The series that metrics are measured with, each with five labels.
enum BenchSeries {
    /// As many as a request of remote write has samples.
    static let batch = 2_000

    /// Those of one side of a figure, which nobody else writes.
    static func make(side: String, count: Int = batch) throws -> [MetricSeries] {
        let name = try MetricName("bench_http_request_duration_seconds")
        return try (0..<count).map { index in
            try MetricSeries(
                name,
                MetricLabels([
                    "instance": "host-\(index / 200).example.com:9090", "job": "bench-\(side)",
                    "method": ["GET", "PUT", "POST", "DELETE"][index % 4], "path": "/api/v1/transcripts/\(index / 4)",
                    "status": ["200", "404", "500"][index % 3],
                ]))
        }
    }

    /// The value of a series at a turn: counts, as most of what is measured.
    static func value(_ series: Int, turn: Int) -> Double {
        Double((series % 97 + 1) * turn)
    }
}
