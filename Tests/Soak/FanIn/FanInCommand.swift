internal import ArgumentParser
internal import Foundation
internal import MillracePostgres
internal import MillraceTesting

/// `fan-in`: the chunks of processings are settled by many tasks at once, in processes that are killed over and over; each
/// processing must be merged once, with counters that are exact.
struct FanInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fan-in",
        abstract: "Chunks come together in PostgreSQL while the workers are killed (SIGKILL) over and over.",
        discussion: """
            Each shape is so many processings of so many chunks, in a schema of its own. In the end each processing must \
            have one merge, and counters that are what its chunks say.
            """)

    @Option(help: "The server, as postgres://…; script/soak starts one.")
    var store: String

    @Option(help: "What to run, as 50x4000 for 50 processings of 4,000 chunks.")
    var shapes: [FanInShape] = [.init(1, 100_000), .init(50, 4_000), .init(2_000, 100)]

    @Option(help: "How many processes work.")
    var processes = 4

    @Option(help: "How many tasks there are in each.")
    var tasks = 4

    @Option(help: "The time between two kills.")
    var killMilliseconds = 2_000

    @Option(help: "How long a shape may take.")
    var limitSeconds = 900

    func validate() throws {
        guard processes > 0, tasks > 0, killMilliseconds > 0, limitSeconds > 0, !shapes.isEmpty else {
            throw ValidationError("Every number must be positive.")
        }
    }

    func run() async throws {
        say(
            "seed=\(TestSeed.value) processes=\(processes) tasks=\(processes * tasks) kill every \(killMilliseconds) ms"
        )
        var isRight = true
        for shape in shapes {
            let fanIn = try await FanIn(
                server: PostgresConfiguration(store), url: store, shape: shape, processes: processes, tasks: tasks)
            let outcome = try await fanIn.run(
                killInterval: .milliseconds(killMilliseconds), limit: .seconds(limitSeconds))
            say("\(shape): \(outcome)")
            if !outcome.isAsItShouldBe(shape) {
                say("WRONG")
                isRight = false
            }
        }
        guard isRight else { throw ExitCode.failure }
    }

    /// Prints at once, even into a file.
    private func say(_ text: String) {
        print("fan-in: \(text)")
        fflush(nil)
    }
}

/// So many processings of so many chunks.
struct FanInShape: ExpressibleByArgument, CustomStringConvertible, Sendable {
    let processings: Int
    let chunks: Int

    init(_ processings: Int, _ chunks: Int) {
        self.processings = processings
        self.chunks = chunks
    }

    init?(argument: String) {
        let numbers = argument.split(separator: "x").compactMap { Int($0) }
        guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 }) else { return nil }
        self.init(numbers[0], numbers[1])
    }

    var description: String { "\(processings)x\(chunks)" }
    var defaultValueDescription: String { description }
}
