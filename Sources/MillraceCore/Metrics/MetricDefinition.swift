/// What a metric is: its name, kind, help, unit and, of a histogram, buckets.
public struct MetricDefinition: Hashable, Sendable {
    /// The name, without the endings of a histogram's series.
    public let name: MetricName
    /// What its values mean.
    public let kind: MetricKind
    /// What it says, in a sentence; empty for none.
    public let help: String
    /// The base unit, as `seconds` or `bytes`; `nil` for a plain number.
    public let unit: String?
    /// The buckets of a histogram; `nil` for other kinds.
    public let buckets: HistogramBuckets?

    /// Describes a counter or a gauge.
    ///
    /// - Throws: ``InvalidValue`` when help or unit is too long or holds NUL.
    public init(_ name: MetricName, _ kind: MetricKind, help: String = "", unit: String? = nil) throws(InvalidValue) {
        try self.init(name, kind, help: help, unit: unit, buckets: kind == .histogram ? .seconds : nil)
    }

    /// Describes a histogram.
    ///
    /// - Throws: ``InvalidValue`` when the name leaves no room for an ending, or help or unit is too long or holds NUL.
    public init(
        histogram name: MetricName, help: String = "", unit: String? = nil, buckets: HistogramBuckets = .seconds
    ) throws(InvalidValue) {
        try self.init(name, .histogram, help: help, unit: unit, buckets: buckets)
    }

    /// Takes a definition that is written in the source.
    init(known name: StaticString, _ kind: MetricKind, help: String, unit: String?, buckets: HistogramBuckets?) {
        self.name = MetricName(stored: "\(name)")
        self.kind = kind
        self.help = help
        self.unit = unit
        self.buckets = buckets
    }

    private init(
        _ name: MetricName, _ kind: MetricKind, help: String, unit: String?, buckets: HistogramBuckets?
    ) throws(InvalidValue) {
        if kind == .histogram { _ = try name.appending("_bucket") }
        guard help.utf8.count <= 1_000, !help.utf8.contains(0) else {
            throw InvalidValue("help of a metric", "must have at most 1000 bytes and no NUL")
        }
        self.name = name
        self.kind = kind
        self.help = help
        if let unit {
            self.unit = try ShortName.validate(unit, kind: "unit of a metric", limit: 100)
        } else {
            self.unit = nil
        }
        self.buckets = buckets
    }

    private init(_ known: MetricDefinition, help: String, unit: String?) {
        name = known.name
        kind = known.kind
        self.help = help
        self.unit = unit
        buckets = known.buckets
    }

    /// This definition with what another one of the same metric adds to it: a help or a unit that it has not; `nil` when
    /// they contradict each other.
    func completed(by other: MetricDefinition) -> MetricDefinition? {
        guard name == other.name, kind == other.kind, buckets == other.buckets,
            help == other.help || help.isEmpty || other.help.isEmpty,
            unit == other.unit || unit == nil || other.unit == nil
        else { return nil }
        return MetricDefinition(self, help: help.isEmpty ? other.help : help, unit: unit ?? other.unit)
    }

    /// The names of its series, and its own, which no other metric may have.
    var names: [MetricName] {
        guard kind == .histogram else { return [name] }
        return [name, name.withEnding("_bucket"), name.withEnding("_sum"), name.withEnding("_count")]
    }

    /// How many series it has for each set of labels.
    var seriesCount: Int {
        (buckets?.bounds.count).map { $0 + 3 } ?? 1
    }
}
