internal import ArgumentParser
internal import Foundation
internal import MillraceCore
internal import MillracePrometheus
internal import UnixSignals

/// `metrics-sender`: a process to be killed, which measures steadily, keeps what it measures in an outbox and sends it.
///
/// A sample's value is its time in milliseconds, and the number of its series. SIGTERM lets it send all, and end.
struct MetricsSenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics-sender", abstract: "The sender of `metrics`, to be killed.")

    static let metric = "soak_sample"
    static let label = "series"

    @Option(help: "The folder of the outbox.")
    var outbox: String

    @Option(help: "The file for what was measured and what is safe.")
    var journal: String

    @Option(help: "The Prometheus.")
    var prometheus: String

    @Option(help: "How many series there are.")
    var series: Int

    @Option(help: "The time between two samples of a series.")
    var intervalMilliseconds: Int

    @Option(help: "How long samples may be written and not synced.")
    var windowMilliseconds: Int

    @Flag(help: "Give up without sending what waits at the start, as it should not be done.")
    var careless = false

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm)
        let outbox = try await Outbox.open(
            folder: outbox,
            options: OutboxOptions(shardCount: 4, syncWindow: .milliseconds(windowMilliseconds)))
        let gauge = try SteadyGauge(series: series, recorder: RemoteWriteRecorder(outbox), journal: journal)
        if careless {
            try await gauge.measure()
            for shard in 0..<outbox.shardCount { outbox.acknowledge(await outbox.next(shard: shard, upTo: .max)) }
        }
        let endpoint = try PrometheusEndpoint(prometheus, environment: [:])
        let sender = try RemoteWriteSender(
            RemoteWriteConfiguration(endpoint, batchDeadline: .milliseconds(100)), outbox: outbox)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await sender.run() }
            try await withThrowingTaskGroup(of: Void.self) { measuring in
                measuring.addTask {
                    while true {
                        try await gauge.measure()
                        try await Task.sleep(for: .milliseconds(intervalMilliseconds))
                    }
                }
                measuring.addTask {
                    for await _ in signals { throw CancellationError() }
                }
                // The first that ends, ends both.
                do { try await measuring.next() } catch is CancellationError {}
                measuring.cancelAll()
            }
            guard await sender.flush(within: .seconds(120)) else { throw ExitCode.failure }
            group.cancelAll()
        }
        await outbox.close()
    }
}

/// Measures: a sample of each series at a time, which is noted before, and when it is safe.
private struct SteadyGauge {
    let all: [MetricSeries]
    let recorder: RemoteWriteRecorder
    let journal: SampleJournal

    init(series: Int, recorder: RemoteWriteRecorder, journal: String) throws {
        let name = try MetricName(MetricsSenderCommand.metric)
        all = try (0..<series).map { MetricSeries(name, try MetricLabels([MetricsSenderCommand.label: "\($0)"])) }
        self.recorder = recorder
        self.journal = try SampleJournal(at: journal)
    }

    /// Returns a millisecond later at least, so that no two times are the same.
    func measure() async throws {
        let now = SystemWallClock().now().microseconds / 1_000
        try journal.attempt(now)
        try await recorder.record(
            all.enumerated().map { number, series in
                MetricSample(series, Double(now + Int64(number)), at: Timestamp(microseconds: now * 1_000))
            })
        try journal.confirm(now)
        while SystemWallClock().now().microseconds / 1_000 <= now { try await Task.sleep(for: .microseconds(200)) }
    }
}
