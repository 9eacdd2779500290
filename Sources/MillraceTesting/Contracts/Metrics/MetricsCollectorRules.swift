internal import MillraceCore

/// What becomes of a collector that is saved.
enum MetricsCollectorRules {
    static let all: [ContractRule<MetricsFixture>] = [
        ContractRule("saving a collector writes the present value of each of its series") { fixture in
            let metrics = try Metrics(fixture)
            metrics.requests.increment(by: 3)
            metrics.depth.set(7)
            metrics.duration.observe(0.5)
            fixture.move(to: 10)
            try await fixture.save(metrics.collector)
            metrics.requests.increment(by: 2)
            metrics.depth.set(-1)
            for _ in 0..<3 { metrics.duration.observe(1.5) }
            fixture.move(to: 40)
            try await fixture.save(metrics.collector)
            fixture.move(to: 41)
            let range = try fixture.range(10, 40, step: 30)
            try await fixture.requireValues(
                metrics.requests.name, range, "a counter", [(["kind": "get"], [10: 3, 40: 5])])
            try await fixture.requireValues(metrics.depth.name, range, "a gauge", [([:], [10: 7, 40: -1])])
            try await fixture.requireLatest(metrics.depth.name, -1, "of the gauge")
            try await fixture.requireValues(
                try metrics.duration.name.appending("_sum"), range, "the sum", [([:], [10: 0.5, 40: 5])])
            try await fixture.requireValues(
                try metrics.duration.name.appending("_count"), range, "the count", [([:], [10: 1, 40: 4])])
            try await fixture.requirePercentile(
                50, of: metrics.duration.name, fixture.range(9, 41), 1.5, "the median of what was observed between")
        },
        ContractRule("what a save that was called off has not written comes with the next one") { fixture in
            fixture.move(to: 1)
            let metrics = try Metrics(fixture)
            for _ in 0..<4 { metrics.duration.observe(1.5) }
            fixture.move(to: 5)
            let calledOff = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try? await fixture.repository.save(metrics.collector)
            }
            await calledOff.value
            fixture.move(to: 10)
            try await fixture.save(metrics.collector)
            fixture.move(to: 11)
            // Without the zero with which a histogram begins there is one sample, and nothing has grown.
            try await fixture.requirePercentile(
                50, of: metrics.duration.name, fixture.range(0, 11), 1.5, "the median of what was observed before")
        },
        ContractRule("a collector is loaded with its definitions and without values") { fixture in
            let metrics = try Metrics(fixture)
            metrics.requests.increment()
            let none = try await fixture.repository.load(metrics.collector.id)
            try require(none == nil, "a collector that was never saved was loaded")
            fixture.move(to: 1)
            try await fixture.save(metrics.collector)
            try await fixture.requireDefinitions(metrics.collector, metrics.all, "saved once")
            let more = try MetricDefinition(fixture.name("more"), .gauge, help: "More, and \"quoted\" \\ é.")
            try metrics.collector.define(more)
            fixture.move(to: 2)
            try await fixture.save(metrics.collector)
            try await fixture.requireDefinitions(metrics.collector, metrics.all + [more], "saved again")
        },
        ContractRule("deleting a collector forgets its definitions, and neither samples nor other collectors") {
            fixture in
            let metrics = try Metrics(fixture)
            metrics.depth.set(4)
            let other = MetricsCollector(
                id: .make(at: fixture.clock.timeOfDay), definitions: [metrics.depthDefinition])
            fixture.move(to: 1)
            for collector in [metrics.collector, other] { try await fixture.save(collector) }
            for _ in 0..<2 { try await fixture.repository.delete(metrics.collector.id) }
            let deleted = try await fixture.repository.load(metrics.collector.id)
            try require(deleted == nil, "a deleted collector was loaded")
            try await fixture.requireDefinitions(other, [metrics.depthDefinition], "the other one")
            fixture.move(to: 2)
            try await fixture.requireLatest(metrics.depth.name, 4, "of a deleted collector")
        },
    ]

    /// A collector with a metric of each kind.
    private struct Metrics {
        let collector: MetricsCollector
        let requests: MetricCounter
        let depth: MetricGauge
        let duration: MetricHistogram
        let depthDefinition: MetricDefinition
        let all: [MetricDefinition]

        init(_ fixture: MetricsFixture) throws {
            let requests = try MetricDefinition(fixture.name("requests_total"), .counter, help: "Requests.")
            let depth = try MetricDefinition(fixture.name("depth_bytes"), .gauge, unit: "bytes")
            let duration = try MetricDefinition(
                histogram: fixture.name("duration_seconds"), help: "How long.", unit: "seconds",
                buckets: HistogramBuckets([1, 2, 4.5]))
            collector = MetricsCollector(id: .make(at: fixture.clock.timeOfDay), clock: fixture.clock)
            self.requests = try collector.counter(requests, labels: MetricLabels(["kind": "get"]))
            self.depth = try collector.gauge(depth)
            self.duration = try collector.histogram(duration)
            depthDefinition = depth
            all = [requests, depth, duration]
        }
    }
}

extension MetricsFixture {
    fileprivate func save(_ collector: MetricsCollector) async throws {
        try await repository.save(collector)
        try await settle()
    }

    fileprivate func requireDefinitions(
        _ collector: MetricsCollector, _ expected: [MetricDefinition], _ what: String
    ) async throws {
        let loaded = try requireValue(try await repository.load(collector.id), "the collector \(what)")
        try requireEqual(loaded.id, collector.id, "its identity")
        try requireEqual(loaded.definitions, expected.sorted { $0.name < $1.name }, "its definitions")
        try requireEqual(loaded.samples(at: clock.timeOfDay).count, 0, "its values")
    }
}
