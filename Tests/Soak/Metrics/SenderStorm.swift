internal import Foundation
internal import MillraceCore
internal import MillracePrometheus
internal import MillraceTesting
internal import Subprocess
internal import SystemPackage
internal import TestServers

/// Has a sender of metrics run, kills it at random moments, and its Prometheus at some; looks at the outbox meanwhile.
struct SenderStorm: Sendable {
    /// What was seen of the outbox.
    struct Looks: CustomStringConvertible, Sendable {
        var count = 0
        var unbalanced = 0
        var dropped = 0
        var backwards = 0
        var most = 0
        var last = OutboxAccounting()
        var endedWell = false

        /// Takes in a look.
        mutating func add(_ accounting: OutboxAccounting) {
            count += 1
            if !accounting.isBalanced { unbalanced += 1 }
            if accounting.droppedInAll > 0 { dropped += 1 }
            if accounting.enqueued < last.enqueued || accounting.acknowledged < last.acknowledged {
                backwards += 1
            }
            most = max(most, accounting.pending)
            last = accounting
        }

        var isRight: Bool {
            count > 0 && unbalanced == 0 && dropped == 0 && backwards == 0 && endedWell
                && last.pending == 0
                && last.enqueued > 0
        }

        var description: String {
            """
            looks=\(count) unbalanced=\(unbalanced) with-drops=\(dropped) backwards=\(backwards) most-pending=\(most) \
            enqueued=\(last.enqueued) acknowledged=\(last.acknowledged) pending=\(last.pending) dropped=\(last.droppedInAll) \
            ended=\(endedWell ? "well" : "BADLY")
            """
        }
    }

    let outbox: String
    let arguments: [String]
    let server: PrometheusServer

    /// Kills so often, then lets the sender send all and end.
    func run(kills: Int, restarts: Int, life: Duration, absence: Duration) async throws -> Looks {
        var generator = TestSeed.generator()
        var looks = Looks()
        // Spread over the kills; the server is away at some of them.
        let blows = Set((0..<restarts).map { ($0 + 1) * kills / (restarts + 1) })
        for kill in 0..<kills {
            let life = Duration.microseconds(
                Int64.random(in: 0...life.wholeMicroseconds, using: &generator))
            let absence = Duration.microseconds(
                Int64.random(in: 0...absence.wholeMicroseconds, using: &generator))
            async let weather: Void = blows.contains(kill) ? strike(for: absence) : ()
            let began = ContinuousClock.now
            _ = try await start { send in
                while ContinuousClock.now < began + life {
                    try await look(&looks)
                    try await Task.sleep(for: min(.milliseconds(100), life / 4 + .milliseconds(1)))
                }
                try send(.kill)
            }
            try await look(&looks)
            try await weather
        }
        looks.endedWell = try await start { send in
            // As long as it takes for the signal to be waited for, and something more to be measured.
            let before = looks.last.enqueued
            while looks.last.enqueued <= before {
                try await look(&looks)
                try await Task.sleep(for: .milliseconds(50))
            }
            try send(.terminate)
        }
        try await look(&looks)
        return looks
    }

    /// Runs a sender.
    ///
    /// - Returns: whether it has ended by itself, and well.
    private func start(
        _ body: (_ send: (Signal) throws -> Void) async throws -> Void
    ) async throws -> Bool {
        let result = try await Subprocess.run(
            .path(FilePath(CommandLine.arguments[0])), arguments: Arguments(arguments), input: .none,
            output: .discarded, error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution in
            try await body { try execution.send(signal: $0) }
        }
        return result.terminationStatus == .exited(0)
    }

    private func strike(for absence: Duration) async throws {
        try await server.crash()
        try await Task.sleep(for: absence)
        try await server.start()
    }

    private func look(_ looks: inout Looks) async throws {
        if let report = try Outbox.inspect(folder: outbox).first { looks.add(report.accounting) }
    }
}
