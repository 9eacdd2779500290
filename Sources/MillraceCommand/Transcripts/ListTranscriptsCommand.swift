internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace transcripts list`.
struct ListTranscriptsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all transcripts, newest first.")

    @OptionGroup var stored: StoredTranscripts

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() async throws {
        try await stored.open { millrace, console in
            var isFirst = true
            for try await transcript in millrace.transcripts.all() {
                let line =
                    json
                    ? try JSONText(encoding: TranscriptSummary(transcript)).text
                    : (isFirst ? TranscriptSummary.heading + "\n" : "") + TranscriptSummary(transcript).row
                isFirst = false
                guard FileDescriptor.standardOutput.writeAll(line + "\n") else { return }
            }
            if isFirst, !json { console.note("There are no transcripts yet.") }
        }
    }
}
