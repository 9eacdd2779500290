internal import ArgumentParser
internal import Millrace

/// `millrace metrics series`.
struct SeriesMetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "List the series that were measured within a stretch of time, a line each.",
        discussion: """
            A line is what the other commands take. Histograms are their series here: name_bucket, name_sum and \
            name_count.
            """)

    @Argument(help: "Only those of this metric, as in 'millrace_jobs_total{outcome=\"failed\"}'.")
    var selector: String?

    @OptionGroup var range: RangeOptions
    @OptionGroup var stored: StoredMetrics

    @Flag(help: "One JSON object a line: series, name, labels.")
    var json = false

    func validate() throws {
        if let selector { _ = try typed { () throws(InvalidValue) in try MetricSelector(selector) } }
    }

    func run() async throws {
        try await stored.open { metrics, scope, console in
            let selector = try selector.map { text throws(InvalidValue) in try MetricSelector(text) }
            let range = try range.range(now: SystemWallClock().now())
            let tags = try scope.tags(selector?.tags ?? .none)
            let all = try await metrics.series(of: selector?.name, range: range, tags: tags)
            for series in all {
                let line = json ? try JSONText(encoding: SeriesSummary(series)).text : OneLine.of(series.description)
                guard FileDescriptor.standardOutput.writeAll(line + "\n") else { break }
            }
            if all.isEmpty {
                console.note("Nothing was measured from \(Listing.text(range.start)) to \(Listing.text(range.end)).")
            }
        }
    }
}
