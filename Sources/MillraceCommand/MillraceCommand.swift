internal import ArgumentParser
internal import Foundation

/// The program `millrace`.
@main
struct MillraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "Turns long recordings into transcripts: fast, in parallel, and safe against crashes.",
        discussion: """
            A recording is cut at silences, its chunks are transcribed side by side by a speech engine, every result \
            is kept, and the chunks are merged in time order. Whatever stops a run, the same command goes on from there.
            """,
        version: Version.text,
        subcommands: [TranscribeCommand.self, WorkerCommand.self, TranscriptsCommand.self])

    static func main() async {
        // A reader that goes away (`millrace … | head`) is an error of the write, not the death of the program.
        signal(SIGPIPE, SIG_IGN)
        await Self.main(nil)
    }
}
