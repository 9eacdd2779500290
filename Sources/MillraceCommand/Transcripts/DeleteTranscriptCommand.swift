internal import ArgumentParser
internal import Millrace

/// `millrace transcripts delete`.
struct DeleteTranscriptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete transcripts with everything that was made for them, cached results included.")

    @Argument(help: "The ids of the transcripts.")
    var ids: [String]

    @OptionGroup var stored: StoredTranscripts

    @Flag(help: "Also delete transcripts that are still being made.")
    var force = false

    func run() async throws {
        try await stored.open { millrace, _ in
            for id in ids {
                let transcript = try await stored.load(id, from: millrace)
                do {
                    try await millrace.deleteTranscript(transcript.id, force: force)
                } catch let error as StoreError where error.code == .conflict {
                    throw StoreError(.conflict, "\(error.message), with --force", cause: error)
                }
            }
        }
    }
}
