import Foundation
import MillraceCore
import MillracePrometheus
import MillraceTesting
import Synchronization
import TestServers
import Testing

@Suite("The sender of remote write")
struct RemoteWriteSenderTests {
    @Test("drops what has grown too old, counts it, and sends the rest")
    func tooOld() async throws {
        let clock = ManualClock()
        let receiver = ComplianceReceiver { _, _ in HTTPTestAnswer(status: 204) }
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            try await SenderLab.with(Self.configuration(server.url), options: Self.oneShard, clock: clock) {
                outbox, sender in
                let recorder = RemoteWriteRecorder(outbox)
                let now = clock.timeOfDay
                for minutes in [70, 56, 54, 0] {
                    try await recorder.record([Self.sample("m", now - .seconds(minutes * 60))])
                }
                #expect(await sender.flush(within: .seconds(1)))
                #expect(outbox.accounting.acknowledged == 2 && outbox.accounting.dropped == [.tooOld: 2])
            }
        }
        #expect(receiver.taken.values.map(\.count) == [2])
    }

    @Test("lets the outbox keep what is under way when it is ended, and another sends it")
    func ended() async throws {
        let folder = try TemporaryOutboxFolder()
        let isUp = Mutex(false)
        let receiver = ComplianceReceiver { _, _ in
            isUp.withLock(\.self) ? HTTPTestAnswer(status: 204) : HTTPTestAnswer(status: 503)
        }
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            let now = SystemWallClock().now()
            try await SenderLab.with(
                Self.configuration(server.url), options: Self.oneShard, folder: folder
            ) {
                outbox, sender in
                try await RemoteWriteRecorder(outbox).record([Self.sample("m", now)])
                await eventually { receiver.requests.count >= 3 }
                #expect(await sender.flush(within: .milliseconds(1)) == false)
                #expect(outbox.accounting.pending == 1)
            }
            isUp.withLock { $0 = true }
            try await SenderLab.with(
                Self.configuration(server.url), options: Self.oneShard, folder: folder
            ) {
                outbox, sender in
                #expect(await sender.flush(within: .seconds(120)))
                #expect(outbox.accounting.acknowledged == 1 && outbox.accounting.isBalanced)
            }
        }
        // What was under way may have come to the endpoint after all, behind the first sender's back: the same once more.
        let taken = receiver.taken.values.map { samples in Set(samples.map { [Int64(bitPattern: $0.value), $0.time] }) }
        #expect(taken.map(\.count) == [1])
    }

    @Test("leaves the endpoint alone with all shards when it is asked too much")
    func limited() async throws {
        let clock = ManualClock()
        let receiver = ComplianceReceiver { number, _ in
            number == 0
                ? HTTPTestAnswer(status: 429, headers: [("retry-after", "10")])
                : HTTPTestAnswer(status: 204)
        }
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            try await SenderLab.with(Self.configuration(server.url), clock: clock) { outbox, sender in
                let recorder = RemoteWriteRecorder(outbox)
                try await recorder.record([Self.sample("first", clock.timeOfDay)])
                try await clock.waitForSleepers(2)
                try await recorder.record(
                    (0..<40).map { Self.sample("other", clock.timeOfDay, ["a": "\($0)"]) })
                try await clock.waitForSleepers(5)
                clock.advance(by: .seconds(9))
                #expect(receiver.requests.count == 1)
                clock.advance(by: .seconds(1))
                await eventually { outbox.accounting.pending == 0 }
                #expect(outbox.accounting.acknowledged == 41)
            }
        }
    }

    @Test(
        "measures itself: samples, requests by status, what is dropped, what waits, and how far it is")
    func measures() async throws {
        let collector = MetricsCollector(id: .make(at: SystemWallClock().now()))
        let receiver = ComplianceReceiver { number, _ in
            HTTPTestAnswer(status: number == 0 ? 500 : number == 1 ? 400 : 204)
        }
        let now = SystemWallClock().now()
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            try await SenderLab.with(
                Self.configuration(server.url), options: Self.oneShard, collector: collector
            ) { outbox, sender in
                let recorder = RemoteWriteRecorder(outbox)
                for step in 0..<3 {
                    try await recorder.record([Self.sample("m", now + .seconds(step))])
                    #expect(await sender.flush(within: .seconds(120)))
                }
            }
        }
        let samples = collector.samples(at: SystemWallClock().now())
        func value(_ name: String, _ labels: [String: String] = [:]) throws -> Double? {
            let series = MetricSeries(try MetricName("millrace_remote_write_\(name)"), try MetricLabels(labels))
            return samples.last { $0.series == series }?.value
        }
        #expect(try value("samples_total") == 2)
        #expect(try value("enqueued_samples_total") == 3)
        #expect(try value("retried_samples_total") == 1)
        #expect(try value("dropped_samples_total", ["reason": "rejected"]) == 1)
        #expect(try value("requests_total", ["code": "500"]) == 1)
        #expect(try value("requests_total", ["code": "400"]) == 1)
        #expect(try value("requests_total", ["code": "204"]) == 2)
        #expect(try value("pending_samples") == 0)
        #expect(try value("send_seconds_count") == 4)
        #expect(try (value("sent_bytes_total") ?? 0) > 0)
        #expect(
            try value("highest_acknowledged_timestamp_seconds")
                == Double((now + .seconds(2)).microseconds) / 1_000_000)
    }

    @Test("tells once that nothing can be sent, until something was, and then again")
    func warnings() async throws {
        let warnings = Mutex<[RemoteWriteWarning]>([])
        let isUp = Mutex(false)
        let receiver = ComplianceReceiver { _, _ in
            isUp.withLock(\.self)
                ? HTTPTestAnswer(status: 204) : HTTPTestAnswer(status: 503, body: Array("busy\nx".utf8))
        }
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            let url = server.url.replacing("http://", with: "http://ann:secret@")
            let note: @Sendable (RemoteWriteWarning) -> Void = { warning in
                warnings.withLock { $0.append(warning) }
            }
            try await SenderLab.with(
                Self.configuration(url), options: Self.oneShard, onWarning: note
            ) { outbox, sender in
                let recorder = RemoteWriteRecorder(outbox)
                for round in 1...2 {
                    let seen = receiver.requests.count
                    isUp.withLock { $0 = false }
                    try await recorder.record([Self.sample("m", SystemWallClock().now())])
                    await eventually { receiver.requests.count >= seen + 6 }
                    #expect(warnings.withLock(\.count) == round)
                    isUp.withLock { $0 = true }
                    #expect(await sender.flush(within: .seconds(120)))
                }
            }
            let expected = """
                Metrics are kept on the disk until Prometheus takes them: http://127.0.0.1:\(server.port) answers with \
                status 503: busy; its log says why
                """
            #expect(warnings.withLock { $0.map(\.description) } == [expected, expected])
        }
    }

    @Test(
        "says what to do when nobody listens, when it may not write, and when nothing takes writes there"
    )
    func advice() async throws {
        for (status, advice) in [
            (401, "check the user and the password, or the token"),
            (404, "--web.enable-remote-write-receiver"),
            (308, "name that place"), (400, "`millrace metrics outbox` lists what it was"),
        ] {
            let warning = try await Self.firstWarning(status: status)
            #expect(warning.message == "Prometheus has refused metrics, which are in quarantine")
            #expect(warning.reason.contains(advice) && warning.reason.contains("\(status)"))
        }
        let away = try await Self.firstWarning(status: nil)
        #expect(
            away.reason.contains("connection refused; see that it runs there, and that the URL is right"))
    }

    private static func firstWarning(status: Int?) async throws -> RemoteWriteWarning {
        let warnings = Mutex<[RemoteWriteWarning]>([])
        let url = Mutex("")
        let note: @Sendable (RemoteWriteWarning) -> Void = { warning in
            warnings.withLock { $0.append(warning) }
        }
        @Sendable func send() async throws {
            try await SenderLab.with(
                configuration(url.withLock(\.self)), options: oneShard,
                onWarning: note
            ) { outbox, _ in
                try await RemoteWriteRecorder(outbox).record([sample("m", SystemWallClock().now())])
                await eventually { warnings.withLock { !$0.isEmpty } }
            }
        }
        try await HTTPTestServer.with { _ in
            HTTPTestAnswer(status: status ?? 500)
        } body: { server in
            url.withLock { $0 = server.url }
            if status != nil { try await send() }
        }
        if status == nil { try await send() }
        return try #require(warnings.withLock { $0.first })
    }

    private static let oneShard = OutboxOptions(shardCount: 1)

    private static func configuration(_ url: String) throws -> RemoteWriteConfiguration {
        try RemoteWriteConfiguration(
            PrometheusEndpoint(url, environment: [:]), batchDeadline: .zero,
            retry: RetrySettings(firstBackoff: .milliseconds(1), longestBackoff: .milliseconds(10)))
    }

    private static func sample(_ name: String, _ time: Timestamp, _ labels: [String: String] = [:])
        -> MetricSample
    {
        MetricSample(
            MetricSeries(MetricName(stored: name), (try? MetricLabels(labels)) ?? .none), 1, at: time)
    }
}
