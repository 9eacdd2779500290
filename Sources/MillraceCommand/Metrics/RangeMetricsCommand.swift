internal import ArgumentParser
internal import Millrace

/// `millrace metrics range`.
struct RangeMetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "range", abstract: "Show how a metric went within a stretch of time.",
        discussion: """
            A chart for each series in a terminal; else lines of time, value and series. A series has a value at a step \
            when it was measured in the five minutes before, and had not ended.

            Exit status: 1 when there is no value in all of the time.
            """)

    @Argument(help: "The metric, as in 'millrace_chunks_total{outcome=\"completed\"}'.")
    var selector: String

    @OptionGroup var range: RangeOptions

    @Option(
        help: ArgumentHelp(
            "From one value to the next: a number with s, m, h, d or w.",
            discussion: "Without it there are a thousand values or fewer, unless a short run would be missed by them.",
            valueName: "time"))
    var step: Age?

    @OptionGroup var stored: StoredMetrics

    @Flag(help: "One JSON object a line, a line a series: series, name, labels, and values as [unix seconds, value].")
    var json = false

    func validate() throws {
        _ = try typed { () throws(InvalidValue) in try MetricSelector(selector) }
        if let step, step.duration <= .zero { throw ValidationError("--step must be longer than nothing.") }
    }

    func run() async throws {
        try await stored.open { metrics, scope, _ in
            let selector = try MetricSelector(selector)
            let tags = try scope.tags(selector.tags)
            var range = try range.range(now: SystemWallClock().now(), step: step?.duration)
            var all = try await metrics.queryTimeSeries(selector.name, range: range, tags: tags)
            if step == nil, all.allSatisfy({ $0.values.count < Self.few }), let finer = Self.finer(range) {
                range = finer
                all = try await metrics.queryTimeSeries(selector.name, range: range, tags: tags)
            }
            guard !all.isEmpty else { throw try await nothing(selector.name, tags, range, metrics) }
            for series in all {
                let text =
                    json ? try JSONText(encoding: Line(series)).text + "\n" : Self.text(series, of: all, in: range)
                guard FileDescriptor.standardOutput.writeAll(text) else { break }
            }
        }
    }

    /// A series that has fewer values is of a short run, whose end steps may miss.
    private static let few = 60

    /// The range in steps of a second, which miss no end, where there are not too many.
    private static func finer(_ range: TimeRange) -> TimeRange? {
        guard range.step > .seconds(1), range.length <= .seconds(10_000) else { return nil }
        return try? TimeRange(from: range.start, to: range.end, step: .seconds(1))
    }

    private struct Line: Encodable {
        let series: String
        let name: String
        let labels: [String: String]
        let values: [Point]

        struct Point: Encodable {
            let point: TimestampedValue

            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                try container.encode(Double(point.time.microseconds / 1_000) / 1_000)
                try container.encode(MetricNumber.JSON(value: point.value))
            }
        }

        init(_ series: MetricTimeSeries) {
            let summary = SeriesSummary(series.series)
            self.series = summary.series
            name = summary.name
            labels = summary.labels
            values = series.values.map(Point.init)
        }
    }

    /// A chart for a terminal, else a line for each value.
    private static func text(_ series: MetricTimeSeries, of all: [MetricTimeSeries], in range: TimeRange) -> String {
        guard let width = FileDescriptor.standardOutput.terminalWidth else {
            let name = OneLine.of(series.series.description)
            return series.values.map {
                "\(Listing.text($0.time))\t\(MetricNumber.text($0.value))\t\(name)\n"
            }.joined()
        }
        return RangeChart(series, range: range, width: width, height: all.count == 1 ? 8 : 3).text
    }

    /// Says why there is no value: the steps may miss all of it.
    private func nothing(
        _ name: MetricName, _ tags: MetricLabels, _ range: TimeRange, _ metrics: any MetricsRepository
    ) async throws(StoreError) -> StoreError {
        let stretch = "from \(Listing.text(range.start)) to \(Listing.text(range.end))"
        let advice =
            try await metrics.series(of: name, range: range, tags: tags).isEmpty
            ? "was not measured \(stretch); choose another stretch with --last, or see millrace metrics series"
            : "has no value at a step \(stretch); choose a smaller --step than \(MetricNumber.text(range.step.inSeconds)) s"
        return StoreError(.notFound, "\(self.selector) \(advice)")
    }
}
