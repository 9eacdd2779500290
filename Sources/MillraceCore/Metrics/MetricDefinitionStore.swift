/// Keeps what the metrics of collectors are: the part of a ``MetricsRepository`` that knows of no sample.
///
/// The stores of SQL keep definitions also where samples go to Prometheus.
public protocol MetricDefinitionStore: Sendable {
    /// Keeps the definitions of a collector in place of those that were kept before. They may be forgotten when they were
    /// not kept again for as long as samples are kept.
    func keepDefinitions(of collector: MetricsCollector) async throws(StoreError)

    /// A collector with the definitions that were kept, which has no values; `nil` when none were.
    func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector?

    /// Forgets the definitions of a collector; that there are none is no error.
    func delete(_ id: CollectorID) async throws(StoreError)
}
