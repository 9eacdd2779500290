internal import Synchronization

/// Aggregate root of what is measured: the metrics by name, and the series of each.
///
/// A registry, shared by all who measure; a repository saves its present values. Handles are made once and kept: who holds
/// one counts without a look-up. Asked again for a series, in whatever order its labels are given, a collector hands out the
/// same handle.
///
/// A name has one kind, unit and list of buckets; a histogram has the names of its series too. There are no more than
/// ``maximumSeries`` series: handles of others work, but nothing is heard of them, and each is counted in
/// `millrace_metrics_overflow_total`.
public final class MetricsCollector: AggregateRoot {
    /// As many series as a collector has unless told otherwise; a histogram has one for each bucket, and three more.
    public static let standardMaximumSeries = 100_000

    /// Identity.
    public let id: CollectorID
    /// No more series than this.
    public let maximumSeries: Int

    private let registry: Mutex<MetricRegistry>
    private let refusals = MetricRefusals()
    private let clock: any WallClock
    private let madeAt: Timestamp

    /// Makes a collector that knows these metrics, of which there are no values yet. Of two definitions that contradict each
    /// other, the first holds.
    ///
    /// The clock says when series are made and removed; `constantLabels` are put on every series.
    public init(
        id: CollectorID, definitions: [MetricDefinition] = [], constantLabels: MetricLabels = .none,
        maximumSeries: Int = standardMaximumSeries, clock: any WallClock = SystemWallClock()
    ) {
        self.id = id
        self.maximumSeries = maximumSeries
        self.clock = clock
        madeAt = clock.now()
        var registry = MetricRegistry(constantLabels: constantLabels, maximumSeries: maximumSeries)
        for definition in definitions { try? registry.define(definition) }
        self.registry = Mutex(registry)
    }

    /// The labels that every series has, as `job` and `instance`.
    ///
    /// A series that has a label of such a name itself is written with `exported_` before it, as Prometheus does. When these
    /// labels change, what has been told under the former ends, and goes on under the new.
    public var constantLabels: MetricLabels {
        get { registry.withLock { $0.constantLabels } }
        set {
            let now = clock.now()
            registry.withLock { $0.setConstantLabels(newValue, at: now) }
        }
    }

    /// For how long the values of a handle that have not changed are not told again; `nil`, as at first, when all are told
    /// each time.
    ///
    /// Queries find the same: what the values were at the last look is told with the change. To be shorter than the five minutes
    /// for which a sample counts.
    package var repetitionPause: Duration? {
        get { registry.withLock { $0.repetitionPause } }
        set { registry.withLock { $0.repetitionPause = newValue } }
    }

    /// The metrics, ordered by name.
    public var definitions: [MetricDefinition] {
        registry.withLock { $0.definitions }
    }

    /// What is known of a metric; `nil` for one of which nothing is.
    public func definition(of name: MetricName) -> MetricDefinition? {
        registry.withLock { $0.definition(of: name) }
    }

    /// Makes a metric known; again with the same definition changes nothing, and help or unit that were missing are added.
    ///
    /// - Throws: ``InvalidValue`` when the name has another definition already, or a series would have the name of another
    ///   metric's.
    public func define(_ definition: MetricDefinition) throws(InvalidValue) {
        try registry.withLock { registry throws(InvalidValue) in try registry.define(definition) }
    }

    /// The present value of each series, at a time.
    ///
    /// A counter or histogram that is new gives a zero at the time when it was made first, so that rates see all that it has
    /// counted; a series that was removed gives its last value and then its end, once. Samples of one series come by time.
    ///
    /// Times are whole milliseconds and always go on: one that is not later than that of the call before is taken for the
    /// next that is free, so no series has two samples in a millisecond, whatever the host's clock does. So call it for one
    /// destination: a second one would miss the zeros and the ends that the first was given.
    public func samples(at time: Timestamp) -> [MetricSample] {
        registry.withLock { registry in
            for refusal in MetricRefusal.allCases where refusals[refusal] > 0 {
                registry.adopt(RefusalCounter(refusal, of: refusals), refusal.definition, at: madeAt)
            }
            return registry.samples(at: time)
        }
    }

    /// Takes back samples that could not be kept: the next ones begin with them, so that no zero and no end is lost.
    ///
    /// No more than the newest 200,000 wait.
    ///
    /// - Returns: how many older ones are given up for that.
    @discardableResult
    public func takeBack(_ samples: [MetricSample]) -> Int {
        registry.withLock { $0.takeBack(samples) }
    }

    /// The end of every series that samples have been given of: what a process says last, after its last values.
    ///
    /// Series of which samples are given after that are there again.
    public func staleMarkers(at time: Timestamp) -> [MetricSample] {
        registry.withLock { $0.staleMarkers(at: time) }
    }

    /// Removes a series; the next samples tell its last value and its end. What its handle counts afterwards is not heard of.
    ///
    /// Made again before that, the series goes on from its value, or, a gauge, from none. Removing twice does no harm.
    public func remove(_ handle: some MetricHandle) {
        if let timer = handle as? MetricTimer { return remove(timer.histogram) }
        guard let handle = handle as? any SampledMetric else { return }
        let now = clock.now()
        registry.withLock { $0.end(handle, at: now) }
    }

    /// Lets one who has asked for a handle go; when that was the last, removes its series or leaves it as it is.
    package func release(_ handle: some MetricHandle, ending: Bool) {
        guard let handle = handle as? any SampledMetric else { return }
        let now = clock.now()
        registry.withLock { $0.release(handle, endingAt: ending ? now : nil) }
    }

    /// Removes all series of a metric; its definition stays.
    public func removeAll(of name: MetricName) {
        let now = clock.now()
        registry.withLock { $0.end(name, at: now) }
    }

    /// How often something was not measured, for a reason.
    public func refused(_ refusal: MetricRefusal) -> Int {
        refusals[refusal]
    }

    /// Counts something that was not measured.
    package func refuse(_ refusal: MetricRefusal) {
        refusals.count(refusal)
    }
}

extension MetricsCollector {
    /// The counter of a series.
    ///
    /// - Throws: ``InvalidValue`` when it is not defined as a counter, the name is known otherwise, or a label is the
    ///   collector's.
    public func counter(
        _ definition: MetricDefinition, labels: MetricLabels = .none
    ) throws(InvalidValue) -> MetricCounter {
        try handle(definition, .counter, labels) { MetricCounter($0, labels, refusals: refusals) }
    }

    /// The gauge of a series.
    ///
    /// - Throws: ``InvalidValue`` when it is not defined as a gauge, the name is known otherwise, or a label is the
    ///   collector's.
    public func gauge(_ definition: MetricDefinition, labels: MetricLabels = .none) throws(InvalidValue) -> MetricGauge
    {
        try handle(definition, .gauge, labels) { MetricGauge($0, labels, refusals: refusals) }
    }

    /// The histogram of a set of labels.
    ///
    /// - Throws: ``InvalidValue`` when it is not defined as a histogram, the name is known otherwise, or a label is `le` or
    ///   the collector's.
    public func histogram(
        _ definition: MetricDefinition, labels: MetricLabels = .none
    ) throws(InvalidValue) -> MetricHistogram {
        guard labels[.le] == nil else {
            throw InvalidValue("labels of a histogram", "must not have le, which its buckets have")
        }
        return try handle(definition, .histogram, labels) { MetricHistogram($0, labels, refusals: refusals) }
    }

    /// The timer of a set of labels: a histogram of seconds.
    ///
    /// - Throws: ``InvalidValue`` when it is not defined as a histogram of seconds, the name is known otherwise, or a label is
    ///   `le` or the collector's.
    public func timer(_ definition: MetricDefinition, labels: MetricLabels = .none) throws(InvalidValue) -> MetricTimer
    {
        guard definition.unit ?? MetricTimer.unit == MetricTimer.unit else {
            throw InvalidValue("timer", "\(definition.name) has the unit \(definition.unit ?? ""), not seconds")
        }
        return MetricTimer(try histogram(definition, labels: labels))
    }

    private func handle<Handle: SampledMetric>(
        _ definition: MetricDefinition, _ kind: MetricKind, _ labels: MetricLabels,
        make: (MetricDefinition) -> Handle
    ) throws(InvalidValue) -> Handle {
        guard definition.kind == kind else {
            throw InvalidValue("metric", "\(definition.name) is defined as a \(definition.kind), not a \(kind)")
        }
        try labels.validateOwn()
        let now = clock.now()
        let known = try registry.withLock { registry throws(InvalidValue) in
            try registry.handle(definition, labels, at: now, make: make)
        }
        if let known { return known }
        refusals.count(.overflow)
        return make(definition)
    }
}
