internal import ArgumentParser
internal import Foundation
internal import MillraceCore
internal import MillracePrometheus
internal import MillraceTesting
internal import TestServers

/// `metrics`: a process that measures and sends is killed over and over, and its Prometheus too; what it was told is safe must
/// be there once, in order.
struct MetricsSoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Kills a sender of metrics at random moments, and its Prometheus meanwhile.",
        discussion: """
            A process measures some series steadily, keeps them in an outbox, and sends them to a Prometheus of its own. It is \
            killed (SIGKILL) again and again at random moments, and begins anew; Prometheus is killed a few times as well, \
            and stays away for a while. At each look at the outbox, before and after every kill, its account must be right \
            and nothing may be dropped. In the end each sample of which the process was told that it is safe must be in \
            Prometheus, once and in order; of the others at most the last batch before a kill may be missing.
            """)

    @Option(help: "How often the sender is killed.")
    var kills = 50

    @Option(help: "How often Prometheus is killed.")
    var restarts = 3

    @Option(help: "How many series there are.")
    var series = 100

    @Option(help: "The time between two samples of a series.")
    var intervalMilliseconds = 20

    @Option(help: "How long samples may be written and not synced; 0 for not at all.")
    var windowMilliseconds = 200

    @Option(help: "The longest time between two kills.")
    var lifeMilliseconds = 2_000

    @Option(help: "The longest time for which Prometheus stays away.")
    var absenceMilliseconds = 3_000

    @Flag(
        help:
            "Let the sender forget what waits when it starts, as it should not be done: the run must find it."
    )
    var careless = false

    func validate() throws {
        guard kills > 0, restarts >= 0, series > 0, intervalMilliseconds > 0, windowMilliseconds >= 0,
            lifeMilliseconds > 0, absenceMilliseconds > 0
        else { throw ValidationError("Numbers must be positive.") }
    }

    func run() async throws {
        say("seed=\(TestSeed.value) kills=\(kills) restarts=\(restarts) series=\(series)")
        let folder = NSTemporaryDirectory() + "millrace-metrics-soak-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let isRight = try await PrometheusServer.with { server in
            let storm = SenderStorm(
                outbox: "\(folder)/outbox",
                arguments: [
                    "metrics-sender", "--outbox", "\(folder)/outbox", "--journal", "\(folder)/journal",
                    "--prometheus",
                    server.url(), "--series", "\(series)", "--interval-milliseconds",
                    "\(intervalMilliseconds)",
                    "--window-milliseconds", "\(windowMilliseconds)",
                ] + (careless ? ["--careless"] : []), server: server)
            let looks = try await storm.run(
                kills: kills, restarts: restarts, life: .milliseconds(lifeMilliseconds),
                absence: .milliseconds(absenceMilliseconds))
            let stored = try await StoredSamples.load(MetricsSenderCommand.metric, from: server)
            let findings = Findings(
                try SampleJournal.read("\(folder)/journal"),
                stored.series(by: MetricsSenderCommand.label), series: series)
            say("\(looks)")
            say("\(findings)")
            return looks.isRight && findings.isRight(kills: kills)
        }
        guard isRight else {
            say("WRONG")
            throw ExitCode.failure
        }
    }

    private func say(_ text: String) {
        print("metrics: \(text)")
        fflush(nil)
    }
}

/// What is in Prometheus, compared with what was measured.
private struct Findings: CustomStringConvertible {
    private var safe = 0
    private var missing = 0
    private var lostBatches = 0
    private var foreign = 0
    private var wrong = 0
    private var unordered = 0

    init(_ journal: SampleJournal.Contents, _ stored: [String: [StoredSamples.Sample]], series: Int) {
        let attempted = Set(journal.attempted)
        safe = journal.safe.count * series
        var lost: Set<Int64> = []
        for number in 0..<series {
            let samples = stored["\(number)"] ?? []
            let times = Set(samples.map(\.time))
            missing += journal.safe.subtracting(times).count
            lost.formUnion(attempted.subtracting(times))
            foreign += times.subtracting(attempted).count
            wrong += samples.count { $0.value != Double($0.time + Int64(number)) }
            unordered += zip(samples, samples.dropFirst()).count { $0.time >= $1.time }
        }
        lostBatches = lost.count
    }

    /// Each batch is written as a whole, so that of those that were not safe one a kill is missing, and the last one.
    func isRight(kills: Int) -> Bool {
        safe > 0 && missing == 0 && foreign == 0 && wrong == 0 && unordered == 0
            && lostBatches <= kills + 1
    }

    var description: String {
        """
        safe=\(safe) missing=\(missing) foreign=\(foreign) wrong=\(wrong) unordered=\(unordered) \
        batches-lost-before-safe=\(lostBatches)
        """
    }
}
