internal import ArgumentParser
internal import Millrace

/// `millrace metrics percentile`.
struct PercentileMetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "percentile",
        abstract: "Print a percentile of what a histogram observed within a stretch of time.",
        discussion: """
            It is interpolated within the bucket that it falls into, as Prometheus does; where it lies beyond the \
            greatest bound it is that bound.

            Exit status: 1 when nothing was observed.
            """)

    @Argument(help: "The histogram, as in millrace_chunk_seconds, without _bucket.")
    var selector: String

    @Argument(help: "The share of all observations that are no greater, 0 to 100, as in 95 or 99.9.")
    var percentile: Double

    @OptionGroup var range: RangeOptions
    @OptionGroup var stored: StoredMetrics

    @Flag(help: "Print one JSON object: name, labels, percentile, from, to, value.")
    var json = false

    private struct Line: Encodable {
        let name: String
        let labels: [String: String]
        let percentile: Double
        let from: String
        let to: String
        let value: MetricNumber.JSON
    }

    func validate() throws {
        _ = try typed { () throws(InvalidValue) in try MetricSelector(selector) }
        _ = try typed { () throws(InvalidValue) in try Percentile(percentile) }
    }

    func run() async throws {
        try await stored.open { metrics, _ in
            let selector = try MetricSelector(selector)
            let range = try range.range(now: SystemWallClock().now())
            let value = try await metrics.percentile(
                Percentile(percentile), of: selector.name, range: range, tags: selector.tags)
            guard let value else {
                throw StoreError(
                    .notFound,
                    """
                    \(self.selector) observed nothing from \(Listing.text(range.start)) to \(Listing.text(range.end)); \
                    choose another stretch with --last, or see millrace metrics series for what there is
                    """)
            }
            FileDescriptor.standardOutput.writeAll(
                (json ? try line(selector, range, value) : MetricNumber.text(value)) + "\n")
        }
    }

    private func line(_ selector: MetricSelector, _ range: TimeRange, _ value: Double) throws -> String {
        let summary = SeriesSummary(MetricSeries(selector.name, selector.tags))
        return try JSONText(
            encoding: Line(
                name: summary.name, labels: summary.labels, percentile: percentile, from: Listing.text(range.start),
                to: Listing.text(range.end), value: MetricNumber.JSON(value: value))
        ).text
    }
}
