internal import ArgumentParser
internal import Millrace

/// What the commands about metrics have in common.
struct StoredMetrics: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var prometheus: PrometheusOptions
    @OptionGroup var output: OutputOptions

    /// Opens what keeps the metrics and asks it; a failure is one line on standard error.
    func open(_ body: (any MetricsRepository, MetricScope, Console) async throws -> Void) async throws {
        try await with { millrace, console in
            try await body(millrace.metrics, MetricScope(store: millrace.metricsStoreName()), console)
        }
    }

    /// The same for what is beside it.
    func with(_ body: (Millrace, Console) async throws -> Void) async throws {
        let console = try output.console()
        do {
            try await Millrace.with(
                store: store.location(), prometheus: prometheus.endpoint(), logger: output.logger(console)
            ) { millrace in
                try await body(millrace, console)
            }
        } catch {
            console.error("\(error)")
            throw ExitCode(ProgramExit.failed.rawValue)
        }
    }
}

/// Whose metrics are asked for: those of the store, also where a Prometheus server has others too.
struct MetricScope {
    /// What the store is called by there.
    let store: String?

    /// The labels that series must have to be chosen: these, and that of the store unless another store is among them.
    func tags(_ wanted: MetricLabels) throws(InvalidValue) -> MetricLabels {
        let label = try LabelName("store")
        guard let store, wanted[label] == nil else { return wanted }
        return try wanted.setting(label, to: store)
    }
}

/// A series as it is printed in JSON.
struct SeriesSummary: Encodable {
    let series: String
    let name: String
    let labels: [String: String]

    init(_ series: MetricSeries) {
        self.series = series.description
        name = series.name.text
        labels = Dictionary(uniqueKeysWithValues: series.labels.all.map { ($0.name.text, $0.value) })
    }
}
