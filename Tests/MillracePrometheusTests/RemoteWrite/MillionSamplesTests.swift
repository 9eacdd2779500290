import AsyncHTTPClient
import Foundation
import MillraceCore
import MillracePrometheus
import MillraceTesting
import NIOCore
import SwiftProtobuf
import TestServers
import Testing

/// Random series and samples through the whole of the writing side into a real server.
///
/// With `MILLRACE_LONG=1` a million samples of a hundred thousand series.
@Suite("What is written of random series")
struct MillionSamplesTests {
    private struct Size {
        var series: Int
        var samples: Int

        static var chosen: Size {
            ProcessInfo.processInfo.environment["MILLRACE_LONG"] == "1"
                ? Size(series: 100_000, samples: 1_000_000) : Size(series: 400, samples: 4_000)
        }
    }

    @Test("goes over the wire and into a real server as it was, each sample once and in order, and nothing is refused")
    func arrives() async throws {
        let size = Size.chosen
        var random = TestSeed.generator()
        let drawn = try RandomHistory(
            seriesCount: size.series, sampleCount: size.samples, newest: SystemWallClock().now(), using: &random)
        try await PrometheusServer.with { server in
            try await WitnessProxy.with(server) { proxy in
                let accounting = try await write(drawn.samples, through: proxy)
                #expect(accounting.acknowledged == drawn.acceptedCount)
                #expect(accounting.dropped == [.outOfOrder: drawn.samples.count - drawn.acceptedCount])
                #expect(accounting.enqueued == drawn.samples.count)
                let seen = proxy.seen
                #expect(seen.allSatisfy { $0.status == 204 }, "\(seen.first { $0.status != 204 }?.answer ?? "")")
                try expect(seen, toHold: drawn)
                let stored = try await storedCount(server)
                #expect(stored == drawn.acceptedCount)
            }
        }
    }

    /// Gives samples to the writing side in portions, and waits until all are settled.
    private func write(_ samples: [MetricSample], through proxy: WitnessProxy) async throws -> OutboxAccounting {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-random-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outbox = try await Outbox.open(folder: folder, options: OutboxOptions())
        let recorder = RemoteWriteRecorder(outbox)
        // However slow this machine is, nothing is dropped for its age, and no request given up.
        let configuration = try RemoteWriteConfiguration(
            PrometheusEndpoint(proxy.url + "?timeout=600s", environment: [:]), maximumSampleAge: .seconds(86_400))
        let sender = try RemoteWriteSender(configuration, outbox: outbox)
        let accounting = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await sender.run() }
            var rest = samples[...]
            while !rest.isEmpty {
                try await recorder.record(Array(rest.prefix(1_500)))
                rest = rest.dropFirst(1_500)
            }
            #expect(await sender.flush(within: .seconds(600)))
            group.cancelAll()
            return outbox.accounting
        }
        await outbox.close()
        return accounting
    }

    /// Looks at what went through, as the types that swift-protobuf makes of the protocol's messages read it.
    private func expect(_ seen: [WitnessProxy.Exchange], toHold drawn: RandomHistory) throws {
        var arrived: [[UInt8]: [RandomHistory.Point]] = [:]
        for exchange in seen {
            let request = try #require(try OracleRequest.decompressed(exchange.request.body))
            #expect(request.unknownFields.data.isEmpty)
            // A request of which nothing is heard may be repeated only while each sample is the newest of its series.
            #expect(Set(request.timeseries.map(\.labels)).count == request.timeseries.count)
            #expect(request.timeseries.allSatisfy { $0.samples.count == 1 })
            for series in request.timeseries {
                let points = series.samples.map {
                    RandomHistory.Point(milliseconds: $0.timestamp, bits: $0.value.bitPattern)
                }
                let labels = series.labels.map { (name: $0.name, value: $0.value) }
                arrived[RandomHistory.bytes(labels), default: []] += points
            }
        }
        // Names in another order, missing or repeated, would be another series here.
        #expect(arrived.count == drawn.accepted.count)
        let wrong = drawn.accepted.filter { arrived[$0.key] != $0.value }
        #expect(wrong.isEmpty, "\(wrong.first.map { "\($0.value), and \(arrived[$0.key] ?? []) arrived" } ?? "")")
    }

    /// How many samples a server has taken, by its own count.
    private func storedCount(_ server: PrometheusServer) async throws -> Int {
        let request = HTTPClientRequest(url: server.url() + "/metrics")
        let response = try await HTTPClient.shared.execute(request, timeout: .minutes(2))
        let text = String(buffer: try await response.body.collect(upTo: 16 << 20))
        let values = text.split(separator: "\n").filter { $0.hasPrefix("prometheus_tsdb_head_samples_appended_total") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        return Int(values.reduce(0, +))
    }
}
