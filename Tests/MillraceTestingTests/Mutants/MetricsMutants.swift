import MillraceCore

@testable import MillraceTesting

/// Broken repositories of metrics: what they find of samples.
enum MetricsMutants {
    static let all: [Mutant<MetricsLab>] = steps + tags + values + latest

    private static let steps: [Mutant<MetricsLab>] = [
        Mutant("samples as they are, not at steps", caughtBy: "a series has at each step the newest value up to it") {
            lab in
            lab.metrics.onTimeSeries = { [lab] _, name, range, tags in
                lab.samples(of: name).filter { $0.key.labels.contains(tags) }.map { series, values in
                    MetricTimeSeries(series, values.filter { range.start <= $0.time && $0.time <= range.end })
                }
            }
        },
        Mutant(
            "the nearest sample, be it later", caughtBy: "a series has at each step the newest value up to it",
            "whatever was written, values and percentiles are those of the model"
        ) { lab in
            lab.metrics.onTimeSeries = { base, name, range, tags in
                let later = try TimeRange(
                    from: range.start + .seconds(20), to: range.end + .seconds(20), step: range.step)
                return try await base.queryTimeSeries(name, range: later, tags: tags).map { found in
                    MetricTimeSeries(
                        found.series, found.values.map { TimestampedValue($0.value, at: $0.time - .seconds(20)) })
                }
            }
        },
        Mutant(
            "steps aligned to the epoch",
            caughtBy: "the steps begin at the start of the range, and the end is one when it falls on a step"
        ) { lab in
            lab.metrics.onTimeSeries = { base, name, range, tags in
                try await base.queryTimeSeries(name, range: range.aligned, tags: tags)
            }
        },
        Mutant(
            "end left out",
            caughtBy: "the steps begin at the start of the range, and the end is one when it falls on a step"
        ) { lab in
            lab.metrics.onTimeSeries = { base, name, range, tags in
                try await base.queryTimeSeries(name, range: range, tags: tags).map { found in
                    MetricTimeSeries(found.series, found.values.filter { $0.time < range.end })
                }
            }
        },
        Mutant("a sample counts for ever", caughtBy: "a sample counts for five minutes and no longer") { lab in
            lab.metrics.onTimeSeries = { [lab] _, name, range, _ in
                lab.found(name, range) { values, step in values.last { $0.time <= step } }
            }
        },
        Mutant("only samples within the range", caughtBy: "a sample counts for five minutes and no longer") { lab in
            lab.metrics.onTimeSeries = { [lab] _, name, range, _ in
                lab.found(name, range) { values, step in
                    values.last { range.start <= $0.time && $0.time <= step && step <= $0.time + .seconds(300) }
                }
            }
        },
        Mutant(
            "ends are not written", caughtBy: "a series that has ended has no value until it has a newer sample",
            "the latest value is none of a series that has ended or was not heard of for five minutes"
        ) { lab in
            lab.metrics.onWrite = { base, samples in try await base.write(samples.filter { !$0.isStale }) }
        },
        Mutant("an end is for ever", caughtBy: "a series that has ended has no value until it has a newer sample") {
            lab in
            lab.metrics.onWrite = { [lab] base, samples in
                try await base.write(
                    samples.filter { sample in
                        lab.samples(of: sample.series.name)[sample.series]?.contains { StaleMarker.isMarker($0.value) }
                            != true
                    })
            }
        },
        Mutant(
            "what is written again is there twice",
            caughtBy: "a sample that is written again counts once, and changes nothing"
        ) { lab in
            lab.metrics.onWrite = { [lab] base, samples in
                let known = samples.filter { sample in
                    lab.samples(of: sample.series.name)[sample.series]?.contains { $0.time == sample.time } == true
                }
                try await base.write(samples)
                try await base.write(
                    known.map { MetricSample($0.series, 2 * $0.value, at: $0.time + .microseconds(1)) })
            }
        },
        Mutant(
            "zero where nothing is", caughtBy: "nothing is found of a metric that has no samples, or none within reach",
            "a percentile needs two samples, an observation, and buckets with and without a bound"
        ) { lab in
            lab.metrics.onPercentile = { base, percentile, name, range, tags in
                try await base.percentile(percentile, of: name, range: range, tags: tags) ?? 0
            }
        },
        Mutant(
            "zero for the latest of nothing",
            caughtBy: "nothing is found of a metric that has no samples, or none within reach",
            "what is no number is the latest value of nothing"
        ) { lab in
            lab.metrics.onLatest = { base, name, tags in try await base.queryLatest(name, tags: tags) ?? 0 }
        },
    ]

    private static let tags: [Mutant<MetricsLab>] = [
        Mutant(
            "tags must be all labels",
            caughtBy: "tags choose the series that have all of them, whatever others they have"
        ) { lab in
            lab.metrics.onTimeSeries = { base, name, range, tags in
                try await base.queryTimeSeries(name, range: range, tags: tags).filter { $0.series.labels == tags }
            }
        },
        Mutant(
            "tags passed over in lists",
            caughtBy: "tags choose the series that have all of them, whatever others they have",
            "without a name the series of all metrics are found, by their tags"
        ) { lab in
            lab.metrics.onSeries = { base, name, range, _ in try await base.series(of: name, range: range, tags: .none)
            }
        },
        Mutant(
            "tags passed over for the latest",
            caughtBy: "tags choose the series that have all of them, whatever others they have",
            "the latest value is the greatest of the present ones, not of those before"
        ) { lab in
            lab.metrics.onLatest = { base, name, _ in try await base.queryLatest(name, tags: .none) }
        },
        Mutant("LIKE for a name", caughtBy: "a name means itself alone") { lab in
            lab.metrics.onLatest = { [memory = lab.memory] base, name, tags in
                let names = try memory.step { state, _ in Set(state.metricSamples.keys.map(\.name)) }
                let own = Array(name.text)
                var greatest: Double?
                for other in names {
                    let text = Array(other.text)
                    guard text.count == own.count, zip(own, text).allSatisfy({ $0 == "_" || $0 == $1 }) else {
                        continue
                    }
                    let value = try await base.queryLatest(other, tags: tags)
                    greatest = [greatest, value].compactMap { $0 }.max()
                }
                return greatest
            }
        },
        Mutant("names in lower case", caughtBy: "a name means itself alone") { lab in
            lab.metrics.onWrite = { base, samples in
                try await base.write(
                    samples.map { sample in
                        let name = try MetricName(sample.series.name.text.lowercased())
                        return MetricSample(MetricSeries(name, sample.series.labels), sample.value, at: sample.time)
                    })
            }
        },
        Mutant(
            "labels compared as Unicode has it",
            caughtBy: "label values of any characters come back byte for byte, and mean themselves alone"
        ) { lab in
            lab.metrics.onTimeSeries = { base, name, range, tags in
                try await base.queryTimeSeries(name, range: range, tags: .none).filter { found in
                    tags.all.allSatisfy { found.series.labels[$0.name] == $0.value }
                }
            }
        },
        Mutant(
            "blanks cut from labels",
            caughtBy: "label values of any characters come back byte for byte, and mean themselves alone"
        ) { lab in
            lab.metrics.onWrite = { base, samples in
                try await base.write(
                    samples.map { sample in
                        let cut = sample.series.labels.byName.mapValues { $0.replacing(" ", with: "") }
                        return MetricSample(
                            MetricSeries(sample.series.name, try MetricLabels(cut)), sample.value, at: sample.time)
                    })
            }
        },
    ]

    private static let values: [Mutant<MetricsLab>] = [
        Mutant("numbers of six digits", caughtBy: "values of every kind come back as they were") { lab in
            lab.metrics.onWrite = { base, samples in
                try await base.write(
                    samples.map { MetricSample($0.series, Double(Float($0.value)), at: $0.time) })
            }
        },
        Mutant("what is no number ends a series", caughtBy: "values of every kind come back as they were") { lab in
            lab.metrics.onWrite = { base, samples in
                try await base.write(samples.map { $0.value.isNaN ? .stale($0.series, at: $0.time) : $0 })
            }
        },
        Mutant("a thousand at most", caughtBy: "many series are written at once, and none is left out") { lab in
            lab.metrics.onWrite = { base, samples in try await base.write(Array(samples.prefix(1_000))) }
        },
    ]

    private static let latest: [Mutant<MetricsLab>] = [
        Mutant(
            "the greatest of all times",
            caughtBy: "the latest value is the greatest of the present ones, not of those before",
            "saving a collector writes the present value of each of its series"
        ) { lab in
            lab.metrics.onLatest = { [lab] _, name, tags in
                lab.samples(of: name).filter { $0.key.labels.contains(tags) }.values.flatMap { $0 }.map(\.value).max()
            }
        },
        Mutant(
            "the newest of all series",
            caughtBy: "the latest value is the greatest of the present ones, not of those before",
            "many series are written at once, and none is left out"
        ) { lab in
            lab.metrics.onLatest = { [lab] _, name, tags in
                lab.samples(of: name).filter { $0.key.labels.contains(tags) }.sorted { $0.key > $1.key }
                    .compactMap { $0.value.last }.min { $0.time > $1.time }?.value
            }
        },
        Mutant(
            "a latest value for ever",
            caughtBy: "the latest value is none of a series that has ended or was not heard of for five minutes"
        ) { lab in
            lab.metrics.onLatest = { [lab] _, name, _ in
                lab.samples(of: name).values.compactMap { $0.last?.value }.filter { !$0.isNaN }.max()
            }
        },
        Mutant("the newest, be it yet to come", caughtBy: "the latest value looks at no sample that is yet to come") {
            lab in
            lab.metrics.onLatest = { [lab] _, name, _ in
                lab.samples(of: name).values.compactMap { $0.last?.value }.max()
            }
        },
        Mutant("a latest value that is no number", caughtBy: "what is no number is the latest value of nothing") {
            lab in
            lab.metrics.onLatest = { [lab] base, name, tags in
                let newest = lab.samples(of: name).values.compactMap { $0.last?.value }
                return newest.contains { $0.isNaN } ? .nan : try await base.queryLatest(name, tags: tags)
            }
        },
    ]
}

extension MetricsLab {
    /// A value at each step, chosen out of the samples of each series.
    fileprivate func found(
        _ name: MetricName, _ range: TimeRange,
        _ choose: ([TimestampedValue], Timestamp) -> TimestampedValue?
    ) -> [MetricTimeSeries] {
        samples(of: name).compactMap { series, samples in
            let values = (0..<range.stepCount).compactMap { number -> TimestampedValue? in
                let step = range.start + range.step * number
                return choose(samples, step).flatMap {
                    StaleMarker.isMarker($0.value) ? nil : TimestampedValue($0.value, at: step)
                }
            }
            return values.isEmpty ? nil : MetricTimeSeries(series, values)
        }
    }
}
