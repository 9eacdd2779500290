internal import ArgumentParser
internal import Millrace

/// `millrace processings cancel`.
struct CancelProcessingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call runs off with their transcripts; chunks that are transcribed are stopped within a second.",
        discussion: """
            What was transcribed stays in the cache, so that a new run of the same recording begins with it. Jobs that \
            wait for the transcript are cancelled too.
            """)

    @Argument(help: "The ids of the processings.")
    var ids: [String]

    @OptionGroup var stored: StoredWork

    func run() async throws {
        try await stored.forEach(ids, ProcessingName.id) { millrace, id in
            let row = try await ProcessingName.row(id, in: millrace)
            do {
                try await millrace.cancelProcessing(row.id)
            } catch let error as StoreError where error.code == .illegalMove {
                let now = try await ProcessingName.row(id, in: millrace)
                throw StoreError(
                    .illegalMove, "it is \(now.status.rawValue) and cannot be cancelled any more", cause: error)
            }
        }
    }
}
