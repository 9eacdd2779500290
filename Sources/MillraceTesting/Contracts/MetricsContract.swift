/// What ``/MillraceCore/MetricsRepository`` promises.
public enum MetricsContract {
    /// The rules for every adapter, that of a Prometheus too.
    public static let rules: [ContractRule<MetricsFixture>] =
        MetricStepRules.all + MetricTagRules.all + MetricValueRules.all + MetricLatestRules.all
        + MetricPercentileRules.all + MetricSeriesRules.all + MetricsCollectorRules.all + MetricModelRules.all

    /// The rules about the number of statements, for adapters of which they can be counted.
    public static let statementRules: [ContractRule<MetricsFixture>] = MetricRetentionRules.statements

    /// The rules for adapters that decide by themselves how long samples are kept; that is to be
    /// ``MetricsFixture/retention``.
    public static let retentionRules: [ContractRule<MetricsFixture>] = MetricRetentionRules.all
}
