import MillraceTesting
import Testing

@testable import MillraceCore

/// What a collector gives that does not tell everything each time.
@Suite struct UnchangedSamplesTests {
    private static let start = ManualClock.standardStart
    private static let tick = Duration.seconds(15)

    private let clock = ManualClock()

    private func collector(_ pause: Duration? = .seconds(180)) -> MetricsCollector {
        let collector = MetricsCollector.test(clock: clock)
        collector.repetitionPause = pause
        return collector
    }

    @Test("A value that does not change is told every three minutes, and once more before it changes")
    func pause() throws {
        let collector = collector()
        let gauge = try collector.gauge("g")
        gauge.set(1)
        func seconds(_ samples: [MetricSample]) -> [Int64] {
            samples.map { ($0.time - Self.start).wholeMicroseconds / 1_000_000 }
        }
        var told: [MetricSample] = []
        for _ in 0..<26 {
            told += collector.samples(at: clock.timeOfDay)
            clock.advance(by: Self.tick)
        }
        #expect(seconds(told) == [0, 180, 360])
        gauge.set(2)
        let changed = collector.samples(at: clock.timeOfDay)
        #expect(seconds(changed) == [375, 390] && changed.map(\.value) == [1, 2])
        clock.advance(by: Self.tick)
        gauge.set(3)
        #expect(collector.samples(at: clock.timeOfDay).map(\.value) == [3], "the look before told it")
        clock.advance(by: Self.tick)
        #expect(collector.samples(at: clock.timeOfDay).isEmpty)
        collector.repetitionPause = nil
        for _ in 0..<2 {
            clock.advance(by: Self.tick)
            #expect(collector.samples(at: clock.timeOfDay).map(\.value) == [3])
        }
    }

    @Test("Ends are told, and what goes on after them, with other labels too")
    func ends() throws {
        let collector = collector()
        let counter = try collector.counter("c_total")
        counter.increment()
        func look() -> [Double] {
            clock.advance(by: Self.tick)
            return collector.samples(at: clock.timeOfDay).map { $0.isStale ? -1 : $0.value }
        }
        #expect(look() == [0, 1])
        #expect(look() == [])
        collector.constantLabels = try MetricLabels(["instance": "a:1"])
        #expect(look() == [-1, 1])
        #expect(look() == [])
        clock.advance(by: Self.tick)
        #expect(collector.staleMarkers(at: clock.timeOfDay).count == 1)
        #expect(look() == [1])
        collector.remove(counter)
        #expect(look() == [1, -1])
    }

    @Test("Queries find what they find when everything is told each time")
    func answers() throws {
        var random = TestSeed.generator()
        for _ in 0..<20 {
            let (all, some) = (collector(nil), collector())
            let buckets = try HistogramBuckets([1, 2, 5])
            let (gauges, counters) = (
                try [all, some].map { try $0.gauge("g") }, try [all, some].map { try $0.counter("c") }
            )
            let histograms = try [all, some].map { try $0.histogram("h", buckets: buckets) }
            var samples: [[MetricSeries: [MetricSample]]] = [[:], [:]]
            let start = clock.timeOfDay
            for _ in 0..<480 {
                clock.advance(by: Self.tick)
                if Int.random(in: 0..<20, using: &random) == 0 {
                    let value = Double.random(in: 0...9, using: &random)
                    for gauge in gauges { gauge.set(value) }
                    for histogram in histograms { histogram.observe(value) }
                }
                if Int.random(in: 0..<7, using: &random) == 0 { for counter in counters { counter.increment() } }
                for (index, collector) in [all, some].enumerated() {
                    for sample in collector.samples(at: clock.timeOfDay) {
                        samples[index][sample.series, default: []].append(sample)
                    }
                }
            }
            let counts = samples.map { $0.values.reduce(0) { $0 + $1.count } }
            #expect(counts[1] * 2 < counts[0])
            #expect(Set(samples[0].keys) == Set(samples[1].keys))
            for _ in 0..<20 {
                let from = start + .seconds(Int.random(in: 0..<7_000, using: &random))
                let to = min(from + .seconds(Int.random(in: 1...3_600, using: &random)), clock.timeOfDay)
                let range = try TimeRange(from: from, to: to, step: .seconds(7))
                for series in samples[0].keys {
                    let found = samples.map { samples in
                        var steps = StepValues(range)
                        for sample in samples[series] ?? [] { steps.add(sample.value, at: sample.time) }
                        return steps.finish()
                    }
                    #expect(found[0] == found[1], "\(series) in \(range)")
                }
                let median = try Percentile(50)
                let percentiles = samples.map { samples in
                    var windows = MetricWindows(of: MetricName(stored: "h_bucket"), each: CounterWindow(range))
                    for (series, samples) in samples where series.name.text == "h_bucket" {
                        let place = windows.append(series.labels)
                        for sample in samples { windows.add(sample.value, at: sample.time, to: place) }
                    }
                    return windows.percentile(median)
                }
                // How far a rate is carried on to the ends of a range depends on how often samples come.
                #expect((percentiles[0] == nil) == (percentiles[1] == nil), "\(percentiles) in \(range)")
            }
        }
    }
}
