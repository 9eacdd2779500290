internal import ArgumentParser
internal import Foundation
internal import MillraceCore
internal import MillraceTesting

/// `storm`: workers on one store are killed over and over; no job may fail, be lost, or be done twice.
struct StormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Workers on one SQLite file are killed (SIGKILL) over and over.",
        discussion: """
            Jobs arrive evenly for as long as the storm lasts. Each writes a row in the transaction that settles it. \
            In the end all must be COMPLETED, with one row each.
            """)

    @Option(help: "How many jobs.")
    var jobs = 20_000

    @Option(help: "How many workers.")
    var workers = 4

    @Option(help: "How long the storm lasts.")
    var seconds = 60

    @Option(help: "The time between two kills.")
    var killMilliseconds = 200

    @Option(help: "How long the workers have for what is left, once the storm is over.")
    var calmSeconds = 120

    @Flag(help: "Let the workers write before they settle, as it should not be done: the storm must find it.")
    var apart = false

    @Flag(help: "Let every kill wait for workers at work and strike one of them, however busy the machine is.")
    var lenient = false

    func validate() throws {
        guard jobs > 0, workers > 0, seconds > 0, killMilliseconds > 0, calmSeconds > 0 else {
            throw ValidationError("Every number must be positive.")
        }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-storm-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        say(
            "seed=\(TestSeed.value) jobs=\(jobs) workers=\(workers) seconds=\(seconds) kill every \(killMilliseconds) ms"
        )
        let file = folder.appendingPathComponent("storm.db").path
        let plan = Storm.Plan(
            jobs: jobs, workers: workers, store: file, options: apart ? ["--apart"] : [], duration: .seconds(seconds),
            interval: .milliseconds(killMilliseconds), calm: .seconds(calmSeconds), awaitsWorkers: lenient)
        let outcome = try await Storm(plan, in: openEffectStore(file)).run()
        say("\(outcome)")
        guard outcome.isAsItShouldBe(jobs: jobs), outcome.rescues > 0 else {
            say("WRONG")
            throw ExitCode.failure
        }
    }

    /// Prints at once, even into a file.
    private func say(_ text: String) {
        print("storm: \(text)")
        fflush(nil)
    }
}
