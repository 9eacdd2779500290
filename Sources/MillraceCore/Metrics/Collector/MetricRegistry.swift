/// The metrics of a collector, the series of each, and when their next samples may be.
struct MetricRegistry {
    /// The labels that all series have; those that have been told under others end.
    private(set) var constantLabels: MetricLabels
    /// For how long what has not changed is not told again; `nil` when everything is told each time.
    var repetitionPause: Duration?
    private let maximumSeries: Int
    private var families: [MetricName: MetricFamily] = [:]
    // Who writes the series of a name: a histogram has more of them than its own.
    private var owners: [MetricName: MetricName] = [:]
    private var seriesCount = 0
    // What was put on the series that have been told.
    private var toldLabels: MetricLabels
    private var clock = SampleClock()
    // Given once, and given back.
    private var untold: [MetricSample] = []
    private static let mostUntold = 200_000

    init(constantLabels: MetricLabels, maximumSeries: Int) {
        self.constantLabels = constantLabels
        toldLabels = constantLabels
        self.maximumSeries = maximumSeries
    }

    /// The metrics, ordered by name.
    var definitions: [MetricDefinition] {
        families.values.map(\.definition).sorted { $0.name < $1.name }
    }

    /// What is known of a metric.
    func definition(of name: MetricName) -> MetricDefinition? {
        families[name]?.definition
    }

    /// Makes a metric known, or completes what is known of it.
    mutating func define(_ definition: MetricDefinition) throws(InvalidValue) {
        let name = definition.name
        if let known = families[name]?.definition {
            guard known != definition else { return }
            guard let completed = known.completed(by: definition) else {
                throw InvalidValue("metric", "\(name) is known already as \(known.summary), not \(definition.summary)")
            }
            families[name]?.definition = completed
            return
        }
        guard MetricRefusal.definitions[name] ?? definition == definition else {
            throw InvalidValue("metric", "\(name) is what the collector counts itself")
        }
        for taken in definition.names {
            guard let owner = owners[taken] else { continue }
            throw InvalidValue("metric", "\(name) needs the name \(taken), which belongs to \(owner)")
        }
        for taken in definition.names { owners[taken] = name }
        families[name] = MetricFamily(definition)
    }

    /// The handle of a series, made now unless it is there; `nil` when there is no room for another.
    mutating func handle<Handle: SampledMetric>(
        _ definition: MetricDefinition, _ labels: MetricLabels, at time: Timestamp,
        make: (MetricDefinition) -> Handle
    ) throws(InvalidValue) -> Handle? {
        let name = definition.name
        guard families[name] != nil || families.count < maximumSeries else { return nil }
        guard MetricRefusal.definitions[name] == nil else {
            throw InvalidValue("metric", "\(name) is what the collector counts itself")
        }
        try define(definition)
        if let known = families[name]?.revive(labels) { return known as? Handle }
        guard seriesCount + definition.seriesCount <= maximumSeries else { return nil }
        seriesCount += definition.seriesCount
        clock.needsRoom = true
        let handle = make(definition)
        families[name]?.add(handle, madeAt: time)
        return handle
    }

    /// Takes in a series of the collector's own, beyond any limit, unless it is there.
    mutating func adopt(_ handle: some SampledMetric, _ definition: MetricDefinition, at time: Timestamp) {
        guard families[definition.name]?.revive(.none) == nil else { return }
        // No other definition has this name, nor any of its series.
        try? define(definition)
        families[definition.name]?.add(handle, madeAt: time)
        clock.needsRoom = true
    }

    /// Ends a series, if the handle is that of one.
    mutating func end(_ handle: any SampledMetric, at time: Timestamp) {
        if families[handle.name]?.end(handle, at: time) == true { clock.needsRoom = true }
    }

    /// Lets one who has a handle go, and ends its series at a time if that was the last.
    mutating func release(_ handle: any SampledMetric, endingAt time: Timestamp?) {
        guard families[handle.name]?.release(handle) == 0, let time else { return }
        end(handle, at: time)
    }

    /// Ends all series of a metric.
    mutating func end(_ name: MetricName, at time: Timestamp) {
        // The collector's own come without having been counted, and stay.
        guard MetricRefusal.definitions[name] == nil else { return }
        families[name]?.endAll(at: time)
        clock.needsRoom = true
    }

    /// Gives all series other common labels, from a time on.
    mutating func setConstantLabels(_ labels: MetricLabels, at time: Timestamp) {
        guard labels != constantLabels else { return }
        constantLabels = labels
        clock.namedAt = time.wholeMilliseconds
        clock.needsRoom = true
    }

    /// The present values, and the ends of what has ended.
    mutating func samples(at time: Timestamp) -> [MetricSample] {
        let turn = clock.turn(at: time)
        var samples = untold
        untold = []
        samples.reserveCapacity(samples.count + seriesCount)
        let names = families.keys.sorted()
        if toldLabels != constantLabels {
            // Before anything else: what one series was called may be what another one is called now.
            for name in names { families[name]?.rename(at: turn.first, into: &samples) }
            toldLabels = constantLabels
        }
        for name in names {
            families[name]?.sample(turn, constantLabels, repeatingAfter: repetitionPause, into: &samples)
            seriesCount -= families[name]?.dropEnded() ?? 0
        }
        return samples
    }

    /// Takes samples back, to be given again before others.
    ///
    /// - Returns: how many are given up, for there are too many.
    mutating func takeBack(_ samples: [MetricSample]) -> Int {
        // Those of two looks may come back in any order.
        let all = untold.isEmpty ? samples : (untold + samples).sorted { $0.time < $1.time }
        untold = Array(all.suffix(Self.mostUntold))
        return all.count - untold.count
    }

    /// The end of everything that has been told.
    mutating func staleMarkers(at time: Timestamp) -> [MetricSample] {
        let turn = clock.turn(at: time)
        var markers: [MetricSample] = []
        for name in families.keys.sorted() {
            families[name]?.markStale(at: turn.now, into: &markers)
            seriesCount -= families[name]?.dropEnded() ?? 0
        }
        return markers
    }
}

/// When samples may be: each in a millisecond of its own.
struct SampleClock {
    /// The times of one look at all series.
    struct Turn {
        /// The time of present values, and of ends.
        let now: Timestamp
        /// All samples must be later.
        let after: Timestamp

        /// When series end that have another name now: before all else.
        var first: Timestamp { after.shifted(by: 1) }

        /// The time of something that was before now; at least so many milliseconds from the start of the turn.
        func time(_ wish: Timestamp, fromStart: Int64) -> Timestamp {
            max(min(wish.wholeMilliseconds, now.shifted(by: -1)), after.shifted(by: fromStart))
        }
    }

    /// Nothing that is older is told: the look-back of queries.
    static let horizon: Int64 = 300_000

    /// Whether something has begun or ended, so that a series may have four samples: the end of another that was called so,
    /// zero, its last value, its end.
    var needsRoom = false
    /// Since when series are called as they are. Another process may have had these names before.
    var namedAt: Timestamp?
    private var last: Timestamp?

    /// The next turn. A time that is not later than that of the turn before is taken for the first that is free.
    mutating func turn(at time: Timestamp) -> Turn {
        var now = time.wholeMilliseconds
        if let last { now = max(now, last.shifted(by: needsRoom ? 4 : 1)) }
        var after = now.shifted(by: -Self.horizon)
        if let last { after = max(after, last) }
        if let namedAt { after = max(after, min(namedAt, now.shifted(by: -4))) }
        let turn = Turn(now: now, after: after)
        last = now
        needsRoom = false
        return turn
    }
}

extension Timestamp {
    /// The millisecond in which it lies, as remote write keeps times.
    fileprivate var wholeMilliseconds: Timestamp {
        Timestamp(microseconds: microseconds - ((microseconds % 1_000) + 1_000) % 1_000)
    }

    fileprivate func shifted(by milliseconds: Int64) -> Timestamp {
        self + .milliseconds(milliseconds)
    }
}

extension MetricDefinition {
    /// What others must agree with, in an error.
    fileprivate var summary: String {
        var summary = "a \(kind.rawValue)"
        if let unit { summary += " of \(unit)" }
        if let buckets { summary += " with \(buckets.bounds.count) buckets" }
        if !help.isEmpty { summary += " (\(help))" }
        return summary
    }
}
