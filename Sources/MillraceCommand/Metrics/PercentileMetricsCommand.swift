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
        let chosen = try typed { () throws(InvalidValue) in try MetricSelector(selector) }
        if chosen.tags[.le] != nil {
            throw ValidationError("The selector must not name the label le, the bound of a bucket: all are needed.")
        }
        _ = try typed { () throws(InvalidValue) in try Percentile(percentile) }
    }

    func run() async throws {
        try await stored.open { metrics, scope, console in
            let selector = try MetricSelector(selector)
            let range = try range.range(now: SystemWallClock().now())
            let tags = try scope.tags(selector.tags)
            let value = try await metrics.percentile(
                Percentile(percentile), of: selector.name, range: range, tags: tags)
            guard let value else { throw try await nothing(selector.name, tags, range, metrics) }
            if percentile > 0, percentile < 1 {
                let percent = MetricNumber.text((percentile * 10_000).rounded() / 100)
                console.note("\(percentile) is less than one percent; for \(percent) percent ask for \(percent).")
            }
            FileDescriptor.standardOutput.writeAll(
                (json ? try line(selector, range, value) : MetricNumber.text(value)) + "\n")
        }
    }

    /// Says why there is none.
    private func nothing(
        _ name: MetricName, _ tags: MetricLabels, _ range: TimeRange, _ metrics: any MetricsRepository
    ) async throws -> StoreError {
        let endings = ["_bucket", "_sum", "_count"]
        let advice: String
        if percentile == 0,
            try await metrics.percentile(Percentile(100), of: name, range: range, tags: tags) != nil
        {
            advice =
                "observed nothing that fell into its first bucket, of which 0 is the percentile; ask for a greater one"
        } else if try await metrics.series(of: name, range: range, tags: tags).isEmpty {
            advice = """
                observed nothing from \(Listing.text(range.start)) to \(Listing.text(range.end)); choose another stretch \
                with --last, or see millrace metrics series for what there is
                """
        } else if let ending = endings.first(where: name.text.hasSuffix) {
            advice = "is a series of a histogram; name the histogram itself, without \(ending)"
        } else {
            advice = "is no histogram, and only those have percentiles; see millrace metrics range for how it was"
        }
        return StoreError(.notFound, "\(self.selector) \(advice)")
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
