internal import ArgumentParser
internal import Foundation
internal import MillraceTesting

/// `postgres`: what can go wrong between workers and a PostgreSQL server does; no job may fail, be lost, or be done twice.
struct PostgresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres",
        abstract: "Workers on PostgreSQL, their server and their connections are struck over and over.",
        discussion: """
            Each part has a server of its own. Jobs write a row in the transaction that settles them. In the end all must \
            be COMPLETED, with one row each.

              storm    workers are killed (SIGKILL)
              restart  the server is stopped (pg_ctl -m immediate) and started again
              cut      connections are cut after any number of bytes
              silence  all connections go silent at once, without an end
              bouncer  workers behind PgBouncer are killed, and it with them
              pickup   how soon jobs are taken when half of the places are, and how often an idle worker asks
            """)

    /// One of the parts.
    enum Part: String, CaseIterable, ExpressibleByArgument {
        case storm, restart, cut, silence, bouncer, pickup
    }

    @Argument(help: "The parts to run; all, when none is named.")
    var parts: [Part] = []

    @Option(help: "How many jobs, in the storm; the other parts have a fifth of them.")
    var jobs = 100_000

    @Option(help: "How many workers.")
    var workers = 4

    @Option(help: "How long the storm lasts; the other parts half of that.")
    var seconds = 60

    @Option(help: "The time between two kills.")
    var killMilliseconds = 200

    @Option(help: "How long the workers have for what is left, once a part is over.")
    var calmSeconds = 600

    @Flag(help: "Let the workers write before they settle, as it should not be done: every part must find it.")
    var apart = false

    @Flag(
        help: """
            Look at all figures but judge none of those that depend on how busy the machine is; every blow waits for \
            workers at work.
            """)
    var lenient = false

    func validate() throws {
        guard jobs >= 5, workers > 0, seconds > 1, killMilliseconds > 0, calmSeconds > 0 else {
            throw ValidationError("Every number must be positive.")
        }
    }

    func run() async throws {
        print("postgres: seed=\(TestSeed.value)")
        var isRight = true
        for part in parts.isEmpty ? Part.allCases : parts {
            let report = try await run(part)
            print("\(part.rawValue): \(report.text)\(report.isRight ? "" : " WRONG")")
            // At once, even into a file.
            fflush(nil)
            isRight = isRight && report.isRight
        }
        guard isRight else { throw ExitCode.failure }
    }

    private func run(_ part: Part) async throws -> PartReport {
        let faults = PostgresFaults(
            jobs: jobs / 5, workers: workers, options: apart ? ["--apart"] : [], duration: .seconds(seconds) / 2,
            killInterval: .milliseconds(killMilliseconds), calm: .seconds(calmSeconds), isLenient: lenient)
        switch part {
        case .storm:
            var storm = faults
            storm.jobs = jobs
            storm.duration = .seconds(seconds)
            return try await storm.storm()
        case .restart: return try await faults.restart()
        case .cut: return try await faults.cut()
        case .silence: return try await faults.silence()
        case .bouncer: return try await faults.bouncer()
        case .pickup: return try await Pickup(duration: .seconds(seconds) / 4, isLenient: lenient).run()
        }
    }
}

/// What came of a part.
struct PartReport {
    var text: String
    var isRight: Bool
}
