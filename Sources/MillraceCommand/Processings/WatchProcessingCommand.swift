internal import ArgumentParser
internal import Millrace

/// `millrace processings watch`.
struct WatchProcessingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show the progress of a run until it has ended.",
        discussion: """
            Takes no part in the work. Exit status: 0 the transcript is whole, 2 it has gaps, 1 there is none, \
            130 interrupted.
            """)

    @Argument(help: "The id of the processing.")
    var id: String

    @OptionGroup var stored: StoredWork

    func run() async throws {
        try await stored.open { millrace, console in
            let row = try await ProcessingName.row(ProcessingName.id(id), in: millrace)
            let name = row.source.name
            let reporter = ProgressReporter(name: name, console: console)
            let end = try await Interrupts.whileHandling(with: console) { stop in
                let end = try await millrace.watch(row.id, stop: stop) { reporter.show($0) }
                reporter.finish()
                return end
            }
            guard let end else { throw ExitCode(ProgramExit.interrupted.rawValue) }
            console.note("\(name): \(ProcessingSummary(end).state)")
            switch end.status {
            case .completed: break
            case .partial: try ProgramExit.partial.end()
            default: try ProgramExit.failed.end()
            }
        }
    }
}
