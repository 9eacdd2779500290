internal import Synchronization

/// Aggregate root of what is measured: the metrics by name, and the series of each.
///
/// A registry, shared by all who measure; a repository saves its present values.
public final class MetricsCollector: AggregateRoot {
    /// Identity.
    public let id: CollectorID

    private let registry: Mutex<[MetricName: MetricDefinition]>

    /// Makes a collector that knows these metrics, of which there are no values yet.
    public init(id: CollectorID, definitions: [MetricDefinition] = []) {
        self.id = id
        registry = Mutex(Dictionary(definitions.map { ($0.name, $0) }) { first, _ in first })
    }

    /// The metrics, ordered by name.
    public var definitions: [MetricDefinition] {
        registry.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    /// Makes a metric known; again with the same definition changes nothing.
    ///
    /// - Throws: ``InvalidValue`` when the name has another definition already.
    public func define(_ definition: MetricDefinition) throws(InvalidValue) {
        let known = registry.withLock { registry in
            let known = registry[definition.name]
            if known == nil { registry[definition.name] = definition }
            return known
        }
        guard known == nil || known == definition else {
            throw InvalidValue("metric", "\(definition.name) is defined otherwise already")
        }
    }
}
