internal import ArgumentParser

/// `millrace processings`: the runs of a store.
struct ProcessingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "processings",
        abstract: "List, show, watch and cancel the runs that make transcripts.",
        subcommands: [
            ListProcessingsCommand.self, ShowProcessingCommand.self, WatchProcessingCommand.self,
            CancelProcessingsCommand.self,
        ])
}
