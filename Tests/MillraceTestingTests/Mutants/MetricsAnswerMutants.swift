import MillraceCore

@testable import MillraceTesting

/// Broken repositories of metrics: percentiles, lists, collectors, retention.
enum MetricsAnswerMutants {
    static let all: [Mutant<MetricsLab>] = percentiles + lists + collectors + retention

    private static let percentiles: [Mutant<MetricsLab>] = [
        Mutant(
            "the bound of the bucket",
            caughtBy: "a percentile is interpolated within its bucket, and the greatest bound beyond that",
            "the first bucket begins at zero, or is its bound when that is not above it",
            "whatever was written, values and percentiles are those of the model"
        ) { lab in
            lab.metrics.onPercentile = { [lab] base, percentile, name, range, tags in
                let value = try await base.percentile(percentile, of: name, range: range, tags: tags)
                let bounds = lab.samples(of: try name.buckets()).keys.compactMap {
                    $0.labels[.le].flatMap { Double($0) }
                }
                return value.flatMap { value in bounds.sorted().first { $0 >= value } }
            }
        },
        Mutant(
            "counts as they stand at the end",
            caughtBy: "a percentile needs two samples, an observation, and buckets with and without a bound",
            "what a histogram counted before it began anew is not lost to a percentile",
            "a percentile sees what lies in its range, whether the series has ended or not"
        ) { lab in
            lab.tamperCounts { values, range in
                values.last { $0.time <= range.end && !StaleMarker.isMarker($0.value) }?.value
            }
        },
        Mutant(
            "the last count less the first",
            caughtBy: "what a histogram counted before it began anew is not lost to a percentile"
        ) { lab in
            lab.tamperCounts { values, range in
                let own = values.filter { range.start <= $0.time && $0.time <= range.end && !$0.value.isNaN }
                guard own.count > 1, let first = own.first, let last = own.last else { return nil }
                return last.value - first.value
            }
        },
        Mutant(
            "nothing of series that have ended",
            caughtBy: "a percentile sees what lies in its range, whether the series has ended or not"
        ) { lab in
            lab.tamperCounts { values, range in
                guard values.last.map({ StaleMarker.isMarker($0.value) }) != true else { return nil }
                var window = CounterWindow(range)
                for value in values { window.add(value.value, at: value.time) }
                return window.rate
            }
        },
        Mutant("tags passed over in percentiles", caughtBy: "a percentile adds up the series that have the tags") {
            lab in
            lab.metrics.onPercentile = { base, percentile, name, range, _ in
                try await base.percentile(percentile, of: name, range: range, tags: .none)
            }
        },
        Mutant("one series for all", caughtBy: "a percentile adds up the series that have the tags") { lab in
            lab.metrics.onPercentile = { base, percentile, name, range, tags in
                guard let host = try? LabelName("host"), tags[host] == nil else {
                    return try await base.percentile(percentile, of: name, range: range, tags: tags)
                }
                let one = try tags.setting(host, to: "one")
                if let value = try await base.percentile(percentile, of: name, range: range, tags: one) { return value }
                return try await base.percentile(percentile, of: name, range: range, tags: tags)
            }
        },
    ]

    private static let lists: [Mutant<MetricsLab>] = [
        Mutant(
            "series of all times",
            caughtBy: "the series of a metric are those with a sample in the range, each once and in order",
            "samples that are older than they are kept go as others are written, and younger ones stay"
        ) { lab in
            lab.metrics.onSeries = { [memory = lab.memory] _, name, _, tags in
                try memory.step { state, _ in
                    state.metricSamples.keys.filter { (name == nil || $0.name == name) && $0.labels.contains(tags) }
                        .sorted()
                }
            }
        },
        Mutant(
            "series by no order",
            caughtBy: "the series of a metric are those with a sample in the range, each once and in order"
        ) { lab in
            lab.metrics.onSeries = { base, name, range, tags in
                try await base.series(of: name, range: range, tags: tags).reversed()
            }
        },
        Mutant("no list without a name", caughtBy: "without a name the series of all metrics are found, by their tags")
        {
            lab in
            lab.metrics.onSeries = { base, name, range, tags in
                name == nil ? [] : try await base.series(of: name, range: range, tags: tags)
            }
        },
    ]

    private static let collectors: [Mutant<MetricsLab>] = [
        Mutant(
            "saves definitions alone", caughtBy: "saving a collector writes the present value of each of its series",
            "deleting a collector forgets its definitions, and neither samples nor other collectors"
        ) { lab in
            lab.metrics.onSave = { base, collector in
                try await (base as? InMemoryMetricsRepository)?.keepDefinitions(of: collector)
            }
        },
        Mutant(
            "a save that is called off has taken the samples",
            caughtBy: "what a save that was called off has not written comes with the next one"
        ) { lab in
            lab.metrics.onSave = { [clock = lab.clock] base, collector in
                if Task.isCancelled { _ = collector.samples(at: clock.timeOfDay) }
                try await base.save(collector)
            }
        },
        Mutant("saves samples alone", caughtBy: "a collector is loaded with its definitions and without values") {
            lab in
            lab.metrics.onSave = { [clock = lab.clock] base, collector in
                try await base.write(collector.samples(at: clock.timeOfDay))
            }
        },
        Mutant("the first definitions stay", caughtBy: "a collector is loaded with its definitions and without values")
        {
            lab in
            lab.metrics.onSave = { [clock = lab.clock] base, collector in
                if try await base.load(collector.id) == nil { return try await base.save(collector) }
                try await base.write(collector.samples(at: clock.timeOfDay))
            }
        },
        Mutant(
            "deletes nothing",
            caughtBy: "deleting a collector forgets its definitions, and neither samples nor other collectors"
        ) { lab in
            lab.metrics.onDelete = { _, _ in }
        },
        Mutant(
            "deletes samples too",
            caughtBy: "deleting a collector forgets its definitions, and neither samples nor other collectors"
        ) { lab in
            lab.metrics.onDelete = { [memory = lab.memory] base, id in
                let names = Set(try await base.load(id)?.definitions.map(\.name) ?? [])
                try memory.step { state, _ in
                    state.metricSamples = state.metricSamples.filter { !names.contains($0.key.name) }
                }
                try await base.delete(id)
            }
        },
    ]

    private static let retention: [Mutant<MetricsLab>] = [
        Mutant(
            "kept for ever",
            caughtBy: "samples that are older than they are kept go as others are written, and younger ones stay",
            "as much that is old goes with each write that what is kept comes to an end"
        ) { lab in
            lab.metrics = TamperedMetrics(InMemoryMetricsRepository(lab.memory))
        },
        Mutant(
            "kept for five minutes",
            caughtBy: "samples that are older than they are kept go as others are written, and younger ones stay"
        ) { lab in
            lab.metrics = TamperedMetrics(InMemoryMetricsRepository(lab.memory, retention: .seconds(300)))
        },
        Mutant(
            "as many go as were written",
            caughtBy: "as much that is old goes with each write that what is kept comes to an end"
        ) { lab in
            let forgetful = InMemoryMetricsRepository(lab.memory, retention: MetricsFixture.retention)
            lab.metrics = TamperedMetrics(InMemoryMetricsRepository(lab.memory))
            lab.metrics.onWrite = { [memory = lab.memory] base, samples in
                let old = try memory.step { state, now in
                    state.metricSamples.filter { $0.value.contains { $0.time < now - MetricsFixture.retention } }
                }
                try await forgetful.write(samples)
                let back = old.dropFirst(samples.count).flatMap { series, values in
                    values.map { MetricSample(series, $0.value, at: $0.time) }
                }
                try await base.write(back)
            }
        },
        Mutant("a statement for each sample", caughtBy: "a batch is written by as many statements as a sample") { lab in
            lab.metrics.onWrite = { base, samples in for sample in samples { try await base.write([sample]) } }
        },
    ]
}

extension MetricsLab {
    /// Answers percentiles with other counts of the buckets.
    fileprivate mutating func tamperCounts(
        _ count: @escaping @Sendable ([TimestampedValue], TimeRange) -> Double?
    ) {
        metrics.onPercentile = { [self] _, percentile, name, range, tags in
            var counts = BucketCounts()
            for (series, values) in samples(of: try name.buckets()) where series.labels.contains(tags) {
                guard let bound = series.labels[.le].flatMap({ Double($0) }) else { continue }
                if let count = count(values, range) { counts.add(count, upTo: bound) }
            }
            return counts.value(at: percentile)
        }
    }
}
