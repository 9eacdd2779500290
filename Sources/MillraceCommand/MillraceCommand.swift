internal import ArgumentParser
internal import Foundation
internal import Millrace

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
        version: MillraceVersion.text,
        subcommands: [
            TranscribeCommand.self, WorkerCommand.self, TranscriptsCommand.self, JobsCommand.self,
            ProcessingsCommand.self, StoreCommand.self, MigrateCommand.self, CacheCommand.self, MetricsCommand.self,
        ])

    static func main() async {
        // A reader that goes away (`millrace … | head`) is an error of the write, not the death of the program.
        signal(SIGPIPE, SIG_IGN)
        FileDescriptor.keepStandardNumbers()
        do {
            var command = try await asyncParseAsRoot(nil)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch  where exitCode(for: error) == .validationFailure {
            // Without the usage, which is longer than a screen is wide and hides what is wrong.
            let reason = message(for: error).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            Console().error((reason.hasSuffix(".") ? String(reason.dropLast()) : reason) + "; --help tells more")
            exit(withError: ExitCode.validationFailure)
        } catch {
            exit(withError: error)
        }
    }
}
