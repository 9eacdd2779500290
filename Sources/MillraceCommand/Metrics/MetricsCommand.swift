internal import ArgumentParser

/// `millrace metrics`: what was measured.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Ask what transcribe and worker have measured of themselves.",
        discussion: """
            Jobs and chunks by outcome, how long they waited and ran, the cache, connections. It is kept in the store for \
            15 days, or with --prometheus in a Prometheus server, which is then asked as well: for what this store's \
            processes have measured.

            A metric is named as in PromQL, alone or with labels: millrace_chunks_total, \
            'millrace_chunks_total{outcome="completed"}'. Quote it, or the shell will read it first.
            """,
        subcommands: [
            QueryMetricsCommand.self, RangeMetricsCommand.self, PercentileMetricsCommand.self,
            SeriesMetricsCommand.self, OutboxMetricsCommand.self,
        ])
}
