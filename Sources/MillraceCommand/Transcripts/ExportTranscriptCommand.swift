internal import ArgumentParser
internal import Millrace

/// `millrace transcripts export`.
struct ExportTranscriptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a transcript to a file or to standard output.")

    @Argument(help: "The id of the transcript.")
    var id: String

    @OptionGroup var stored: StoredTranscripts

    @Option(help: ArgumentHelp("The form: txt, vtt, srt or json.", valueName: "format"))
    var format = TranscriptFormat.txt

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp("The file to write, or a folder; standard output without it.", valueName: "path"))
    var outputPath: String?

    func run() async throws {
        try await stored.open { millrace, _ in
            let transcript = try await stored.load(id, from: millrace)
            guard transcript.status == .completed || transcript.status == .partial else {
                throw StoreError(
                    .invalid, "transcript \(transcript.id) is \(transcript.status.rawValue): nothing to export")
            }
            let source = try? RecordingInput(parsing: transcript.source)
            let recording = NamedInput(source ?? .file(transcript.source))
            let destination = try TranscriptOutput(path: outputPath, inputs: Inputs(recording), format: format)
            try destination.write(format.render(transcript), for: recording, format: format)
        }
    }
}
