/// One metric of a collector, and its series.
struct MetricFamily {
    private struct Entry {
        let handle: any SampledMetric
        let madeAt: Timestamp
        /// Whether a zero is to be told before the first value.
        var needsStart: Bool
        // With the labels of the collector; made when they are told.
        var series: [MetricSeries] = []
        /// Whether samples of it have been given, and its end has not.
        var isTold = false
        var endedAt: Timestamp?
        /// How many have asked for the handle, and not let it go.
        var holders = 1
        // What was told last where it is not told again and again, when that was, and when it was found to be so still.
        var told: [Double] = []
        var toldAt: Timestamp?
        var unchangedAt: Timestamp?

        init(_ handle: some SampledMetric, madeAt: Timestamp) {
            self.handle = handle
            self.madeAt = madeAt
            needsStart = type(of: handle).startsAtZero
        }

        mutating func sample(
            _ definition: MetricDefinition, _ turn: SampleClock.Turn, _ constants: MetricLabels,
            repeatingAfter pause: Duration?, into samples: inout [MetricSample]
        ) {
            if series.isEmpty {
                series = type(of: handle).series(of: definition, labels: handle.labels.exported(with: constants))
            }
            let time = endedAt.map { turn.time($0, fromStart: 3) } ?? turn.now
            let values = handle.values
            if isUnchanged(values, at: time, for: pause, into: &samples) { return }
            if needsStart {
                // So that a rate sees what a series has counted before it was told for the first time.
                let start = min(turn.time(madeAt, fromStart: 2), time - .milliseconds(1))
                for series in series { samples.append(MetricSample(series, 0, at: start)) }
                needsStart = false
            }
            for (series, value) in zip(series, values) { samples.append(MetricSample(series, value, at: time)) }
            isTold = isTold || !values.isEmpty
            if endedAt != nil || values.isEmpty { markStale(at: turn.now, into: &samples) }
        }

        /// Whether the values are those that were told a short while ago; if they are no more, gives what they were at the
        /// last look, so that queries find the same as if they had been told each time.
        private mutating func isUnchanged(
            _ values: [Double], at time: Timestamp, for pause: Duration?, into samples: inout [MetricSample]
        ) -> Bool {
            guard let pause else {
                (toldAt, unchangedAt) = (nil, nil)
                return false
            }
            let isSame = values.count == told.count && zip(values, told).allSatisfy { $0.bitPattern == $1.bitPattern }
            if isTold, endedAt == nil, isSame, let toldAt, time - toldAt < pause {
                unchangedAt = time
                return true
            }
            if isTold, !isSame, let unchangedAt {
                for (series, value) in zip(series, told) {
                    samples.append(MetricSample(series, value, at: unchangedAt))
                }
            }
            (told, toldAt, unchangedAt) = (values, time, nil)
            return false
        }

        mutating func markStale(at time: Timestamp, into samples: inout [MetricSample]) {
            guard isTold else { return }
            for series in series { samples.append(.stale(series, at: time)) }
            isTold = false
            unchangedAt = nil
        }
    }

    var definition: MetricDefinition
    private var entries: [Entry] = []
    private var places: [MetricLabels: Int] = [:]
    private var hasEnded = false

    init(_ definition: MetricDefinition) {
        self.definition = definition
    }

    /// The handle of a series. One that has ended, and whose end has not been told, goes on.
    mutating func revive(_ labels: MetricLabels) -> (any SampledMetric)? {
        guard let place = places[labels] else { return nil }
        let handle = entries[place].handle
        if entries[place].endedAt != nil {
            entries[place].endedAt = nil
            handle.forget()
        }
        entries[place].holders += 1
        return handle
    }

    mutating func add(_ handle: some SampledMetric, madeAt: Timestamp) {
        places[handle.labels] = entries.count
        entries.append(Entry(handle, madeAt: madeAt))
    }

    /// Ends the series of a handle; whether it was one that had not ended.
    mutating func end(_ handle: any SampledMetric, at time: Timestamp) -> Bool {
        guard let place = place(of: handle), entries[place].endedAt == nil else { return false }
        entries[place].endedAt = time
        hasEnded = true
        return true
    }

    /// Lets one who has a handle go; how many are left, `nil` when its series is gone.
    mutating func release(_ handle: any SampledMetric) -> Int? {
        guard let place = place(of: handle) else { return nil }
        entries[place].holders -= 1
        return entries[place].holders
    }

    private func place(of handle: any SampledMetric) -> Int? {
        places[handle.labels].flatMap { entries[$0].handle === handle ? $0 : nil }
    }

    mutating func endAll(at time: Timestamp) {
        for place in entries.indices where entries[place].endedAt == nil { entries[place].endedAt = time }
        hasEnded = !entries.isEmpty
    }

    /// Ends what has been told under labels that the collector has no longer, and forgets these.
    mutating func rename(at time: Timestamp, into samples: inout [MetricSample]) {
        for place in entries.indices {
            entries[place].markStale(at: time, into: &samples)
            entries[place].series = []
        }
    }

    /// Gives the samples of all series; those of one series by their times.
    mutating func sample(
        _ turn: SampleClock.Turn, _ constants: MetricLabels, repeatingAfter pause: Duration?,
        into samples: inout [MetricSample]
    ) {
        for place in entries.indices {
            entries[place].sample(definition, turn, constants, repeatingAfter: pause, into: &samples)
        }
    }

    /// Gives the end of every series that has been told.
    mutating func markStale(at time: Timestamp, into samples: inout [MetricSample]) {
        for place in entries.indices { entries[place].markStale(at: time, into: &samples) }
    }

    /// Drops the series that have ended, once that has been told; how many of Prometheus they were.
    mutating func dropEnded() -> Int {
        guard hasEnded else { return 0 }
        let before = entries.count
        entries.removeAll { $0.endedAt != nil }
        places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.handle.labels, $0) })
        hasEnded = false
        return (before - entries.count) * definition.seriesCount
    }
}
