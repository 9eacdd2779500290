import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@Suite struct MetricsCollectorRaceTests {
    private let clock = ManualClock()

    @Test("Nothing that is counted by many at once is lost, and no look sees less than the one before")
    func counts() async throws {
        let collector = MetricsCollector.test(clock: clock)
        let (tasks, turns) = (8, 2_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for turn in 0..<turns {
                        try collector.counter("c_total", labels: ["n": "\(turn % 7)"]).increment()
                        try collector.counter("a_total").add(0.25)
                        try collector.gauge("g").add(task % 2 == 0 ? 1 : -1)
                        try collector.histogram("h").observe(2)
                    }
                }
            }
            group.addTask {
                var seen: [MetricSeries: Double] = [:]
                for look in 0..<50 {
                    var (count, sum): (Double, Double) = (0, 0)
                    for sample in collector.samples(at: clock.timeOfDay + .seconds(look)) {
                        if sample.series.name.text != "g" {
                            #expect(sample.value >= seen[sample.series] ?? 0)
                        }
                        if sample.series.name.text == "h_count" { count = sample.value }
                        if sample.series.name.text == "h_sum" { sum = sample.value }
                        seen[sample.series] = sample.value
                    }
                    #expect(sum == 2 * count)
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        let latest = try collector.latest()
        let total = latest.filter { $0.key.hasPrefix("c_total") }.values.reduce(0, +)
        #expect(total == Double(tasks * turns) && latest["a_total"] == Double(tasks * turns) / 4)
        #expect(latest["g"] == 0 && latest["h_count"] == Double(tasks * turns))
    }

    /// What Prometheus asks of the samples of a series: each later than the one before, and none after its end but a new
    /// beginning.
    @Test(
        "Series made, removed and looked at by many at once never have two samples in a millisecond, nor two ends in a row"
    )
    func order() async throws {
        let collector = MetricsCollector.test(maximumSeries: 40, clock: clock)
        let seed = TestSeed.value
        let work = Countdown(4)
        let looks = try await withThrowingTaskGroup(of: [MetricSample].self) { group in
            for task in 0..<4 {
                group.addTask {
                    defer { work.isDoneByOne() }
                    var random = SeededGenerator(seed: seed &+ UInt64(task))
                    for _ in 0..<1_500 {
                        let labels = ["n": "\(Int.random(in: 0..<5, using: &random))"]
                        switch Int.random(in: 0..<8, using: &random) {
                        case 0: collector.remove(try collector.counter("c_total", labels: labels))
                        case 1: collector.remove(try collector.histogram("h", labels: labels))
                        case 2: collector.removeAll(of: MetricName(stored: "g"))
                        case 3: try collector.gauge("g", labels: labels).set(1)
                        case 4: try collector.timer("h", labels: labels).record(.seconds(1))
                        case 5 where task == 0: collector.constantLabels = try MetricLabels(["i": labels["n"] ?? ""])
                        default: try collector.counter("c_total", labels: labels).increment()
                        }
                    }
                    return []
                }
            }
            // One that looks: order is that of one destination.
            group.addTask {
                var (random, all) = (SeededGenerator(seed: ~seed), [MetricSample]())
                while work.remains {
                    let time = clock.timeOfDay + .microseconds(Int.random(in: 0..<1_000_000, using: &random))
                    let isLast = Int.random(in: 0..<20, using: &random) == 0
                    all += isLast ? collector.staleMarkers(at: time) : collector.samples(at: time)
                    await Task.yield()
                }
                return all + collector.samples(at: clock.timeOfDay)
            }
            var all: [MetricSample] = []
            for try await more in group { all += more }
            return all
        }
        var last: [MetricSeries: MetricSample] = [:]
        for sample in looks {
            if let last = last[sample.series] {
                #expect(last.time < sample.time, "\(sample.series)")
                #expect(!(last.isStale && sample.isStale), "\(sample.series)")
            } else {
                #expect(!sample.isStale, "\(sample.series)")
            }
            last[sample.series] = sample
        }
        #expect(!last.isEmpty)
    }
}

/// How many are still at work.
private final class Countdown: Sendable {
    private let count: Mutex<Int>

    init(_ count: Int) {
        self.count = Mutex(count)
    }

    var remains: Bool { count.withLock { $0 > 0 } }

    func isDoneByOne() {
        count.withLock { $0 -= 1 }
    }
}
