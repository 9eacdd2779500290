import Foundation
import MillraceCore
import MillracePrometheus
import MillraceTesting
import Synchronization
import TestServers
import Testing

@Suite("The repository of a Prometheus", .timeLimit(.minutes(10)))
struct PrometheusRepositoryTests {
    /// Counts how often definitions are kept.
    private final class CountedStore: MetricDefinitionStore {
        let count = Mutex(0)
        private let store = InMemoryMetricsRepository(InMemoryStore(clock: ManualClock()))

        func keepDefinitions(of collector: MetricsCollector) async throws(StoreError) {
            count.withLock { $0 += 1 }
            try await store.keepDefinitions(of: collector)
        }

        func load(_ id: CollectorID) async throws(StoreError) -> MetricsCollector? { try await store.load(id) }
        func delete(_ id: CollectorID) async throws(StoreError) { try await store.delete(id) }
    }

    @Test("keeps definitions that have changed, and the others once an hour, lest they are forgotten")
    func definitions() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outbox = try await Outbox.open(folder: folder, options: OutboxOptions())
        let recorder = RemoteWriteRecorder(outbox)
        let (store, clock) = (CountedStore(), ManualClock())
        try await PrometheusLab.with { lab in
            let repository = PrometheusMetricsRepository(
                lab.client, definitions: store, clock: clock, recorder: { recorder })
            let collector = MetricsCollector(id: .make(at: clock.timeOfDay), clock: clock)
            func saves(after time: Duration) async throws -> Int {
                clock.advance(by: time)
                try await repository.save(collector)
                return store.count.withLock { $0 }
            }
            #expect(try await saves(after: .seconds(5)) == 1)
            #expect(try await saves(after: .seconds(5)) == 1)
            let counter = try collector.counter(MetricDefinition(ownMetric(), .counter, help: "One more."))
            counter.increment()
            #expect(try await saves(after: .seconds(5)) == 2)
            #expect(try await saves(after: .seconds(3_599)) == 2)
            #expect(try await saves(after: .seconds(2)) == 3)
            #expect(try await repository.load(collector.id)?.definitions == collector.definitions)
            try await repository.delete(collector.id)
            #expect(try await repository.load(collector.id) == nil)
            #expect(try await saves(after: .seconds(5)) == 4)
            #expect(try await repository.load(collector.id) != nil)
        }
        #expect(outbox.accounting.enqueued > 0)
        await outbox.close()
    }

    @Test("asks for a recorder when something is written, and says why there is none; questions need none")
    func lateRecorder() async throws {
        try await PrometheusLab.with { lab in
            let failure = StoreError(.full, "no room is left for metrics")
            let store = CountedStore()
            let repository = PrometheusMetricsRepository(lab.client, definitions: store) { () throws(StoreError) in
                throw failure
            }
            let name = try ownMetric()
            #expect(try await repository.queryLatest(name, tags: .none) == nil)
            try await repository.write([])
            let sample = MetricSample(MetricSeries(name), 1, at: PrometheusLab.now)
            #expect(await storeError { try await repository.write([sample]) }?.code == .full)
            let collector = MetricsCollector(id: .make(at: PrometheusLab.now))
            try collector.gauge(MetricDefinition(name, .gauge)).set(1)
            #expect(await storeError { try await repository.save(collector) }?.code == .full)
            // They come with the next save that succeeds.
            #expect(store.count.withLock { $0 } == 0)
        }
    }

    @Test("counts what a collector has to give up while nothing can be kept, and that alone")
    func givenUp() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outbox = try await Outbox.open(folder: folder, options: OutboxOptions(maximumBytes: 64 << 10))
        let recorder = RemoteWriteRecorder(outbox)
        let endpoint = try PrometheusEndpoint("http://127.0.0.1:1", environment: [:])
        try await PrometheusClient.with(endpoint) { client in
            let repository = PrometheusMetricsRepository(
                client, definitions: CountedStore(), clock: ManualClock(), recorder: { recorder })
            let collector = MetricsCollector(id: .make(at: ManualClock.standardStart), clock: ManualClock())
            // More than the outbox can hold, and so many samples wait that others must go for them.
            let values = randomTexts(3, bytes: MetricLabels.maximumValueBytes)
            let labels = try MetricLabels(["a": values[0], "b": values[1], "c": values[2]])
            try collector.gauge(MetricDefinition(ownMetric(), .gauge), labels: labels).set(1)
            let waiting = MetricSample(MetricSeries(try ownMetric()), 1, at: ManualClock.standardStart)
            for round in 1...2 {
                #expect(collector.takeBack(Array(repeating: waiting, count: 200_000)) == 200_000 * (round - 1))
                #expect(await storeError { try await repository.save(collector) }?.code == .full)
                #expect(outbox.accounting.dropped == [.overflow: round])
                #expect(outbox.accounting.enqueued == round && outbox.accounting.isBalanced)
            }
        }
        await outbox.close()
    }

    @Test("passes on what a server warns of, and leaves out series of others that have no name here")
    func foreign() async throws {
        let body = #"""
            {"status":"success","warnings":["one store is away"],"data":{"resultType":"vector","result":[
            {"metric":{"__name__":"b"},"value":[1,"1"]},{"metric":{"__name__":"a.b"},"value":[1,"1"]},
            {"metric":{"__name__":"a","x.y":"z"},"value":[1,"1"]},{"metric":{"__name__":"a"},"value":[1,"1"]}]}}
            """#
        try await HTTPTestServer.with { _ in
            .json(body)
        } body: { server in
            let endpoint = try PrometheusEndpoint(server.url, environment: [:])
            try await PrometheusClient.with(endpoint) { client in
                let warnings = Mutex<[String]>([])
                let repository = PrometheusMetricsRepository(
                    client, definitions: CountedStore(), warn: { text in warnings.withLock { $0.append(text) } }
                ) { () throws(StoreError) in throw StoreError(.full, "nothing is written here") }
                let now = PrometheusLab.now
                let range = try TimeRange(from: now - .seconds(60), to: now, step: .seconds(1))
                let series = try await repository.series(of: nil, range: range, tags: .none)
                #expect(series.map(\.description) == ["a", "b"])
                #expect(warnings.withLock { $0 } == ["one store is away"])
            }
        }
    }
}
