internal import ArgumentParser
internal import Millrace

/// `millrace transcripts show`.
struct ShowTranscriptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Print a transcript.")

    @Argument(help: "The id of the transcript.")
    var id: String

    @OptionGroup var stored: StoredTranscripts

    @Flag(help: "Print one JSON object instead of the text.")
    var json = false

    func run() async throws {
        try await stored.open { millrace, console in
            let transcript = try await stored.load(id, from: millrace)
            let format: TranscriptFormat = json ? .json : .txt
            FileDescriptor.standardOutput.writeAll(format.render(transcript))
            if transcript.text.isEmpty, !json {
                console.note("The transcript is \(transcript.status.rawValue) and has no text.")
            }
        }
    }
}
