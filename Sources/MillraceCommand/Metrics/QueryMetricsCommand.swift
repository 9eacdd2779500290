internal import ArgumentParser
internal import Millrace

/// `millrace metrics query`.
struct QueryMetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Print the present value of a metric: the greatest of all its series.",
        discussion: """
            Only what runs has a present value, and what was killed for five minutes more; millrace metrics range tells \
            how it was.

            Exit status: 1 when there is no value.
            """)

    @Argument(help: "The metric, as in 'millrace_jobs{status=\"QUEUED\"}'.")
    var selector: String

    @OptionGroup var stored: StoredMetrics

    @Flag(help: "Print one JSON object: name, labels, value.")
    var json = false

    private struct Line: Encodable {
        let name: String
        let labels: [String: String]
        let value: MetricNumber.JSON
    }

    func validate() throws {
        _ = try typed { () throws(InvalidValue) in try MetricSelector(selector) }
    }

    func run() async throws {
        try await stored.open { metrics, scope, _ in
            let selector = try MetricSelector(selector)
            let tags = try scope.tags(selector.tags)
            guard let value = try await metrics.queryLatest(selector.name, tags: tags) else {
                throw StoreError(
                    .notFound,
                    """
                    \(self.selector) has no value now: nothing that runs has measured it in the last five minutes; see \
                    millrace metrics series, or millrace metrics range for how it was
                    """)
            }
            let summary = SeriesSummary(MetricSeries(selector.name, selector.tags))
            let text =
                json
                ? try JSONText(
                    encoding: Line(name: summary.name, labels: summary.labels, value: MetricNumber.JSON(value: value))
                ).text : MetricNumber.text(value)
            FileDescriptor.standardOutput.writeAll(text + "\n")
        }
    }
}
