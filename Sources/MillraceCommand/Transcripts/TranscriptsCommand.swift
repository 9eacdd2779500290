internal import ArgumentParser

/// `millrace transcripts`: what the store has.
struct TranscriptsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcripts",
        abstract: "List, show, export and delete the transcripts of a store.",
        subcommands: [
            ListTranscriptsCommand.self, ShowTranscriptCommand.self, ExportTranscriptCommand.self,
            DeleteTranscriptCommand.self,
        ])
}
