import Foundation
import MillraceCore
import MillracePrometheus
import MillraceTesting
import Synchronization
import TestServers
import Testing

@Suite("The log of a process that is gone")
struct AbandonedLogTests {
    private let folder: TemporaryOutboxFolder
    private let clock = ManualClock(startingAt: SystemWallClock().now())
    private let receiver = ComplianceReceiver { _, _ in HTTPTestAnswer(status: 204) }

    init() throws {
        folder = try TemporaryOutboxFolder()
    }

    @Test("is sent in its order by whoever is there, which has the account of each apart")
    func sent() async throws {
        let holder = try await Outbox.open(folder: folder.path)
        try await leave(slot: 1, rounds: 5)
        try await leave(slot: 1, from: 5, rounds: 5)
        await holder.close()
        try await withServer { configuration in
            try await SenderLab.with(configuration, folder: folder, clock: clock) { outbox, sender in
                #expect(outbox.slot == 0)
                try await RemoteWriteRecorder(outbox).record(samples(slot: 0, round: 0))
                #expect(await sender.flush(within: .seconds(120)))
                await rounds { (try? report(of: 1)?.accounting.pending == 0) == true }
                await rounds { (try? report(of: 1)?.isOpen) == false }
                #expect(outbox.accounting.enqueued == 8 && outbox.accounting.acknowledged == 8)
            }
        }
        let accounting = try #require(try report(of: 1)).accounting
        #expect(accounting.enqueued == 80 && accounting.acknowledged == 80 && accounting.dropped.isEmpty)
        try checkTaken(slot: 1, rounds: 10)
        try checkTaken(slot: 0, rounds: 1)
    }

    @Test("is found from time to time, but left alone for as long as its process lives")
    func later() async throws {
        try await withServer { configuration in
            try await SenderLab.with(configuration, folder: folder, clock: clock) { _, _ in
                let alive = try await Outbox.open(folder: folder.path)
                try await RemoteWriteRecorder(alive).record(samples(slot: 1, round: 0))
                for _ in 0..<3 {
                    try await clock.waitForSleepers(1)
                    clock.advance(by: .seconds(30))
                }
                try await clock.waitForSleepers(1)
                #expect(receiver.requests.isEmpty && alive.accounting.pending == 8)
                await alive.close()
                await rounds { (try? report(of: 1)?.accounting.pending == 0) == true }
            }
        }
        try checkTaken(slot: 1, rounds: 1)
    }

    @Test("is sent by one alone, of all who are there")
    func byOne() async throws {
        let first = try await Outbox.open(folder: folder.path)
        let second = try await Outbox.open(folder: folder.path)
        let slots = 2..<8
        for slot in slots {
            let others = try await Self.holders(of: folder.path, below: slot)
            try await leave(slot: slot, rounds: 20)
            for other in others { await other.close() }
        }
        await first.close()
        await second.close()
        try await withServer { configuration in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await SenderLab.with(configuration, folder: folder, clock: clock) { _, _ in
                            await rounds {
                                (try? Outbox.inspect(folder: folder.path).allSatisfy { $0.accounting.pending == 0 })
                                    == true
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        for slot in slots {
            try checkTaken(slot: slot, rounds: 20)
            #expect(try report(of: slot)?.accounting.isBalanced == true)
        }
    }

    @Test("stays as it is when who sends it is ended, and is free for the next")
    func ended() async throws {
        let holder = try await Outbox.open(folder: folder.path)
        try await leave(slot: 1, rounds: 3)
        await holder.close()
        let failing = ComplianceReceiver { _, _ in HTTPTestAnswer(status: 503) }
        try await withServer(failing) { configuration in
            try await SenderLab.with(configuration, folder: folder) { outbox, _ in
                await eventually { failing.requests.count >= 8 }
                #expect(try report(of: 1)?.isOpen == true)
                let other = try await Outbox.open(folder: folder.path)
                #expect(other.slot == 2, "nobody else can have it meanwhile")
                await other.close()
            }
        }
        #expect(try report(of: 1)?.isOpen == false)
        #expect(try report(of: 1)?.accounting.pending == 24)
        try await withServer { configuration in
            try await SenderLab.with(configuration, folder: folder, clock: clock) { _, _ in
                await rounds { (try? report(of: 1)?.accounting.pending == 0) == true }
            }
        }
        try checkTaken(slot: 1, rounds: 3)
    }

    @Test("counts among what the sender sends, and what waits, without its own times going back")
    func measured() async throws {
        let holder = try await Outbox.open(folder: folder.path)
        try await leave(slot: 1, rounds: 4)
        await holder.close()
        let collector = MetricsCollector(id: .make(at: clock.timeOfDay))
        let isUp = Mutex(false)
        let receiver = ComplianceReceiver { _, content in
            let isOwn = content?.timeseries.contains { $0.labels.contains { $0.value == "host:0" } } == true
            return HTTPTestAnswer(status: isOwn || isUp.withLock(\.self) ? 204 : 503)
        }
        @Sendable func value(_ name: String) -> Double? {
            collector.samples(at: clock.timeOfDay).last { $0.series.name.text == "millrace_remote_write_\(name)" }?
                .value
        }
        try await withServer(receiver) { configuration in
            try await SenderLab.with(configuration, folder: folder, collector: collector) { outbox, sender in
                try await RemoteWriteRecorder(outbox).record(samples(slot: 0, round: 9))
                #expect(await sender.flush(within: .seconds(120)))
                await eventually { value("pending_samples") == 32 }
                isUp.withLock { $0 = true }
                await eventually { value("samples_total") == 40 }
                await eventually { value("pending_samples") == 0 }
            }
        }
        #expect(value("enqueued_samples_total") == 8)
        let newest = Double((start + .seconds(9)).microseconds) / 1_000_000
        #expect(value("highest_enqueued_timestamp_seconds") == newest)
        #expect(value("highest_acknowledged_timestamp_seconds") == newest)
    }

    // MARK: - What is left

    private var start: Timestamp { clock.timeOfDay - .seconds(600) }

    private func report(of slot: Int) throws -> OutboxReport? {
        try Outbox.inspect(folder: folder.path).first { $0.slot == slot }
    }

    /// A sample of each series of a process.
    private func samples(slot: Int, round: Int) throws -> [MetricSample] {
        try series(slot: slot).map { MetricSample($0, Double(round), at: start + .seconds(round)) }
    }

    private func series(slot: Int) throws -> [MetricSeries] {
        try (0..<8).map {
            MetricSeries(
                try MetricName("m"), try MetricLabels(["instance": "host:\(slot)", "number": "\($0)"]))
        }
    }

    /// Lets a process put samples into a slot, of which all lower ones are held, and end.
    private func leave(slot: Int, from first: Int = 0, rounds: Int) async throws {
        let outbox = try await Outbox.open(folder: folder.path)
        #expect(outbox.slot == slot)
        let recorder = RemoteWriteRecorder(outbox)
        for round in first..<first + rounds { try await recorder.record(samples(slot: slot, round: round)) }
        await outbox.close()
    }

    /// Lets the sender look for slots again and again until something is so: who looks at one may be in the way of who wants
    /// to hold it, which is tried again in the next round then.
    private func rounds(until isSo: () -> Bool) async {
        await eventually {
            clock.advance(by: .seconds(30))
            return isSo()
        }
    }

    /// Holds what is free below a slot.
    private static func holders(of folder: String, below slot: Int) async throws -> [Outbox] {
        var holders: [Outbox] = []
        while true {
            let outbox = try await Outbox.open(folder: folder)
            guard outbox.slot < slot else {
                await outbox.close()
                return holders
            }
            holders.append(outbox)
        }
    }

    private func withServer(
        _ receiver: ComplianceReceiver? = nil, _ body: @Sendable (RemoteWriteConfiguration) async throws -> Void
    ) async throws {
        let receiver = receiver ?? self.receiver
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            try await body(
                RemoteWriteConfiguration(
                    PrometheusEndpoint(server.url, environment: [:]), batchDeadline: .zero,
                    retry: RetrySettings(firstBackoff: .milliseconds(1), longestBackoff: .milliseconds(10)),
                    // The clock goes on by half a minute at each look.
                    maximumSampleAge: .seconds(365 * 86_400)))
        }
    }

    private func checkTaken(slot: Int, rounds: Int) throws {
        let taken = receiver.taken
        for series in try series(slot: slot) {
            let came = taken[ComplianceReceiver.name(of: series)] ?? []
            #expect(came.map(\.value) == (0..<rounds).map { Double($0).bitPattern })
        }
    }
}
