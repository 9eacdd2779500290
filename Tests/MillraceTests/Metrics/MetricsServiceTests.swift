import Foundation
import Logging
import Millrace
import MillraceTesting
import TestServers
import Testing

@Suite(.timeLimit(.minutes(5))) struct MetricsServiceTests {
    /// Gives a test a store in a folder of its own, and removes both afterwards.
    private func withStore(
        prometheus: PrometheusEndpoint? = nil, logger: Logger = Logger(label: "measured"),
        _ body: (Millrace, _ path: String) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-measured-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/store.db"
        try await Millrace.with(store: .file(path), prometheus: prometheus, logger: logger) { try await body($0, path) }
    }

    private func collector() -> MetricsCollector { MetricsCollector(id: .make(at: SystemWallClock().now())) }

    /// What the last ten minutes, and the second to come, say of a metric: each series by its last value.
    private func values(of name: String, in metrics: any MetricsRepository) async throws -> [String: Double] {
        let now = SystemWallClock().now()
        let range = try TimeRange(from: now - .seconds(600), to: now + .seconds(1), step: .milliseconds(100))
        var values: [String: Double] = [:]
        for series in try await metrics.queryTimeSeries(MetricName(name), range: range, tags: .none) {
            let instance = try #require(series.series.labels[LabelName("instance")])
            values[instance] = try #require(series.values.last).value
        }
        return values
    }

    /// Lets the second pass in which nobody takes the place of one that has just ended.
    private func rest() async throws {
        let end = SystemWallClock().now() + MetricsReporter.farewell
        try await eventually { SystemWallClock().now() > end }
    }

    private func count(_ number: Int, in collector: MetricsCollector) throws {
        try collector.counter("things_total", help: "Things.").increment(by: number)
    }

    @Test func `what was counted by the end is seen afterwards, and that it has ended`() async throws {
        try await withStore { millrace, _ in
            let collector = collector()
            let result = try await millrace.measuring(collector) {
                try count(7, in: collector)
                return "done"
            }
            #expect(result == "done")
            #expect(try await values(of: "things_total", in: millrace.metrics).map(\.value) == [7])
            #expect(collector.constantLabels[try LabelName("job")] == "millrace")
            let name = try MetricName("things_total")
            try await eventually {
                try await millrace.metrics.queryLatest(name, tags: .none) == nil
            }
            #expect(try await millrace.metrics.load(collector.id)?.definition(of: name)?.help == "Things.")
        }
    }

    @Test func `two at a time have two names, and so have two that follow at once`() async throws {
        // Again when the machine was so slow that the third did not follow at once.
        var tries = 1
        while try await !followsAtOnce() {
            tries += 1
            try #require(tries <= 20)
        }
    }

    /// Looks at the names of three; returns whether the third had its own before that of the second was free again.
    private func followsAtOnce() async throws -> Bool {
        var isAtOnce = false
        try await withStore { millrace, path in
            let (first, second, third) = (collector(), collector(), collector())
            let pause = try await millrace.measuring(first) {
                try count(1, in: first)
                // The first one has its name before the second one asks.
                try await eventually { first.constantLabels != .none }
                let end = try await millrace.measuring(second) {
                    try count(2, in: second)
                    try await eventually { second.constantLabels != .none }
                    return SystemWallClock().now()
                }
                return try await millrace.measuring(third) {
                    try count(3, in: third)
                    try await eventually { third.constantLabels != .none }
                    return SystemWallClock().now() - end
                }
            }
            isAtOnce = pause < MetricsReporter.farewell
            guard isAtOnce else { return }
            let values = try await values(of: "things_total", in: millrace.metrics)
            #expect(values.values.sorted() == [1, 2, 3] && Set(values.keys).count == 3, "\(values)")
            #expect(values.keys.allSatisfy { $0.hasPrefix(ProcessInfo.processInfo.hostName + ":") })
            #expect(FileManager.default.fileExists(atPath: "\(path)-metrics"))
        }
        return isAtOnce
    }

    @Test func `what cannot be kept is no trouble of what is measured`() async throws {
        try await withStore { millrace, path in
            // A file where the folder should be.
            try Data().write(to: URL(fileURLWithPath: "\(path)-metrics"))
            let collector = collector()
            let result = try await millrace.measuring(collector) {
                try count(1, in: collector)
                return 1
            }
            #expect(result == 1)
            await #expect(throws: CancellationError.self) {
                try await millrace.measuring(collector) { throw CancellationError() }
            }
        }
    }

    @Test func `what cannot be kept at first is kept as soon as it can be`() async throws {
        let warnings = LoggedWarnings()
        try await withStore(logger: warnings.logger) { millrace, path in
            try Data().write(to: URL(fileURLWithPath: "\(path)-metrics"))
            let collector = collector()
            try await millrace.measuring(collector) {
                try count(9, in: collector)
                try await eventually { !warnings.all.isEmpty }
                try FileManager.default.removeItem(atPath: "\(path)-metrics")
                try await eventually { collector.constantLabels != .none }
            }
            #expect(try await values(of: "things_total", in: millrace.metrics).map(\.value) == [9])
        }
        #expect(warnings.all.count == 1 && warnings.all[0].contains("cannot make the folder"), "\(warnings.all)")
    }

    @Test func `a server has what was measured, when it was there and when it comes back`() async throws {
        try await PrometheusServer.with { server in
            let endpoint = try PrometheusEndpoint(server.url(), environment: [:])
            try await withStore(prometheus: endpoint) { millrace, _ in
                let first = collector()
                try await millrace.measuring(first) { try count(5, in: first) }
                try await eventually {
                    if try await values(of: "things_total", in: millrace.metrics).map(\.value) == [5] { return true }
                    // What it had no time to send, the next sends.
                    try await rest()
                    try await millrace.measuring(collector()) {}
                    return false
                }
                try await rest()
                try await server.crash()
                let second = collector()
                try await millrace.measuring(second) { try count(6, in: second) }
                try await rest()
                await #expect(throws: StoreError.self) { try await values(of: "things_total", in: millrace.metrics) }
                try await server.start()
                let third = collector()
                try await millrace.measuring(third) {
                    try await eventually {
                        try await values(of: "things_total", in: millrace.metrics).values.contains(6)
                    }
                }
            }
        }
    }

    @Test func `a server that is not there is told of once, and holds nobody up`() async throws {
        // Nobody listens on port 1 of this host.
        let endpoint = try PrometheusEndpoint("http://127.0.0.1:1", environment: [:])
        try await withStore(prometheus: endpoint) { millrace, _ in
            let collector = collector()
            let warnings = Warnings()
            let service = millrace.metricsService(collector) { warnings.add($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                try await eventually { collector.constantLabels != .none }
                try count(1, in: collector)
                group.cancelAll()
            }
            #expect(warnings.all.map(\.message) == ["Metrics are kept on the disk until Prometheus takes them"])
            #expect(warnings.all[0].reason.contains("http://127.0.0.1:1"))
            let outbox = try #require(try await millrace.outboxes().first)
            #expect(outbox.accounting.pending > 0 && outbox.accounting.isBalanced)
        }
    }
}
