import Foundation
import MillraceCore
import MillracePrometheus
import MillraceTesting
import SwiftProtobuf
import Synchronization
import TestServers
import Testing

@Suite("A series that a receiver fails on for ever")
struct PoisonTests {
    @Test("holds up no other shard, goes to quarantine alone, and breaks no order")
    func poison() async throws {
        var plan = Plan()
        let outcome = try await run(plan)
        try check(outcome, plan)

        guard ProcessInfo.processInfo.environment["MILLRACE_LONG"] != nil else { return }
        // As it is out there: every five seconds, before a receiver that takes up to five for each request.
        plan.interval = .seconds(5)
        plan.rounds = 24
        plan.slowest = .seconds(5)
        plan.maximumBatchAge = .seconds(15)
        let real = try await run(plan)
        try check(real, plan)
        print(
            "poison: other shards lag \(real.longestLag.inSeconds) s at most, with an interval of 5 s")
        #expect(real.longestLag < plan.interval * 2)
    }

    @Test("is told from an endpoint that begins to fail for all while it is looked for")
    func outageInSearch() async throws {
        let all = try series(Plan(series: 4))
        let (innocent, guilty) = (ComplianceReceiver.name(of: all[1]), ComplianceReceiver.name(of: all[3]))
        // Down from the moment at which an innocent series stands alone, until much has failed.
        let down = Mutex<Int?>(nil)
        let receiver = ComplianceReceiver { _, content in
            let names = (content?.timeseries ?? []).map { ComplianceReceiver.name(of: $0) }
            let isDown = down.withLock { down in
                if down == nil, names == [innocent] { down = 60 }
                guard let left = down, left > 0 else { return false }
                down = left - 1
                return true
            }
            return HTTPTestAnswer(status: isDown || names.contains(guilty) ? 500 : 204)
        }
        let folder = try TemporaryOutboxFolder()
        try await HTTPTestServer.with {
            await receiver.receive($0)
        } body: { server in
            let configuration = try RemoteWriteConfiguration(
                PrometheusEndpoint(server.url, environment: [:]), batchDeadline: .zero,
                retry: RetrySettings(
                    firstBackoff: .milliseconds(1), longestBackoff: .milliseconds(10),
                    maximumBatchAge: .milliseconds(50)))
            try await SenderLab.with(
                configuration, options: OutboxOptions(shardCount: 1), folder: folder
            ) { outbox, sender in
                let now = SystemWallClock().now()
                try await RemoteWriteRecorder(outbox).record(all.map { MetricSample($0, 1, at: now) })
                #expect(await sender.flush(within: .seconds(120)))
                #expect(outbox.accounting.acknowledged == 3 && outbox.accounting.dropped == [.quarantined: 1])
            }
        }
        #expect(down.withLock(\.self) == 0)
        let quarantine = try Outbox.inspect(folder: folder.path).flatMap(\.quarantine)
        let refused = try quarantine.flatMap { try Prometheus_WriteRequest(serializedBytes: $0.body).timeseries }
        #expect(refused.map { ComplianceReceiver.name(of: $0) } == [guilty])
        let taken = ComplianceReceiver.taken(of: receiver.requestsWithoutTrials)
        #expect(taken.count == 3 && taken.values.allSatisfy { $0.count == 1 }, "each once, but for trial")
    }

    private struct Plan: Sendable {
        var rounds = 12
        var shards = 4
        var series = 200
        /// Zero for as fast as others are not more than one round behind.
        var interval = Duration.zero
        var slowest = Duration.milliseconds(20)
        var maximumBatchAge = Duration.milliseconds(50)

        var start = SystemWallClock().now()
    }

    private struct Outcome: Sendable {
        let accounting: OutboxAccounting
        let quarantine: [QuarantinedBatch]
        let taken: [String: [ComplianceReceiver.Sample]]
        let violations: [String]
        let longestLag: Duration
    }

    private func series(_ plan: Plan) throws -> [MetricSeries] {
        let name = try MetricName("m")
        return try (0..<plan.series).map { MetricSeries(name, try MetricLabels(["series": "\($0)"])) }
    }

    /// Samples of every series, round by round; a round is given when the one before the last has come from all other shards.
    private func run(_ plan: Plan) async throws -> Outcome {
        let all = try series(plan)
        let poison = ComplianceReceiver.name(of: all[0])
        let shard = all[0].fingerprint % UInt64(plan.shards)
        let others = all.filter { $0.fingerprint % UInt64(plan.shards) != shard }.map {
            ComplianceReceiver.name(of: $0)
        }
        let lags = Lags(others.count)
        let seed = TestSeed.value
        let receiver = ComplianceReceiver { number, content in
            if content?.timeseries.contains(where: { ComplianceReceiver.name(of: $0) == poison }) != false {
                return HTTPTestAnswer(status: 500, body: Array("label name is not unique".utf8))
            }
            var random = SeededGenerator(seed: seed &+ UInt64(number))
            try? await Task.sleep(for: plan.slowest * Double.random(in: 0...1, using: &random))
            return HTTPTestAnswer(status: 204)
        }
        let folder = try TemporaryOutboxFolder()
        return try await HTTPTestServer.with { request in
            let answer = await receiver.receive(request)
            if answer.status == 204 {
                lags.note(try? OracleRequest.decompressed(request.body), others: Set(others))
            }
            return answer
        } body: { server in
            let configuration = try RemoteWriteConfiguration(
                PrometheusEndpoint(server.url, environment: [:]), batchDeadline: .zero,
                retry: RetrySettings(
                    firstBackoff: .milliseconds(1), longestBackoff: .milliseconds(10),
                    maximumBatchAge: plan.maximumBatchAge))
            let accounting = try await SenderLab.with(
                configuration, options: OutboxOptions(shardCount: plan.shards), folder: folder
            ) { outbox, sender in
                let recorder = RemoteWriteRecorder(outbox)
                for round in 0..<plan.rounds {
                    if round >= 2 { await eventually { lags.isComplete(round - 2) } }
                    let time = plan.start + .milliseconds(round)
                    lags.begin(round, SeriesEncoder.milliseconds(of: time))
                    try await recorder.record(all.map { MetricSample($0, Double(round), at: time) })
                    if plan.interval > .zero { try await Task.sleep(for: plan.interval) }
                }
                #expect(await sender.flush(within: .seconds(120)))
                return outbox.accounting
            }
            let requests = receiver.requestsWithoutTrials
            return Outcome(
                accounting: accounting,
                quarantine: try Outbox.inspect(folder: folder.path).flatMap(\.quarantine),
                taken: ComplianceReceiver.taken(of: requests), violations: ComplianceRules.violations(requests),
                longestLag: lags.longest)
        }
    }

    private func check(_ outcome: Outcome, _ plan: Plan) throws {
        let all = try series(plan)
        let times = (0..<plan.rounds).map {
            SeriesEncoder.milliseconds(of: plan.start + .milliseconds($0))
        }
        for series in all.dropFirst() {
            let came = outcome.taken[ComplianceReceiver.name(of: series)] ?? []
            #expect(
                came.map(\.time) == times
                    && came.map(\.value) == (0..<plan.rounds).map { Double($0).bitPattern })
        }
        #expect(outcome.taken.count == all.count - 1)
        #expect(outcome.violations.isEmpty)
        #expect(outcome.accounting.isBalanced && outcome.accounting.pending == 0)
        #expect(outcome.accounting.acknowledged == (all.count - 1) * plan.rounds)
        #expect(outcome.accounting.dropped == [.quarantined: plan.rounds])
        #expect(outcome.quarantine.reduce(0) { $0 + $1.sampleCount } == plan.rounds)
        for batch in outcome.quarantine {
            let content = try Prometheus_WriteRequest(serializedBytes: batch.body)
            #expect(content.timeseries.map { ComplianceReceiver.name(of: $0) } == [ComplianceReceiver.name(of: all[0])])
            #expect(
                batch.status == 500 && batch.answer == "label name is not unique"
                    && batch.reason == .quarantined)
        }
    }
}

/// How far behind what comes is.
private final class Lags: Sendable {
    private struct State {
        var begun: [Int64: ContinuousClock.Instant] = [:]
        var rounds: [Int: Int64] = [:]
        var came: [Int64: Int] = [:]
        var longest = Duration.zero
    }

    private let count: Int
    private let state = Mutex(State())

    init(_ count: Int) {
        self.count = count
    }

    var longest: Duration { state.withLock(\.longest) }

    func begin(_ round: Int, _ time: Int64) {
        state.withLock { state in
            state.begun[time] = .now
            state.rounds[round] = time
        }
    }

    func isComplete(_ round: Int) -> Bool {
        state.withLock { state in state.rounds[round].map { state.came[$0] == count } ?? false }
    }

    func note(_ content: Prometheus_WriteRequest?, others: Set<String>) {
        state.withLock { state in
            for series in content?.timeseries ?? []
            where others.contains(ComplianceReceiver.name(of: series)) {
                for sample in series.samples {
                    state.came[sample.timestamp, default: 0] += 1
                    guard let begun = state.begun[sample.timestamp] else { continue }
                    state.longest = max(state.longest, begun.duration(to: .now))
                }
            }
        }
    }
}
