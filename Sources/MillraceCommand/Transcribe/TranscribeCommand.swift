public import ArgumentParser
internal import Foundation
internal import Logging
public import Millrace

extension TranscriptFormat: ExpressibleByArgument {}

/// `millrace transcribe`: recordings in, transcripts out.
struct TranscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcribe",
        abstract: "Turn recordings into transcripts.",
        discussion: """
            The transcript goes to standard output, everything else to standard error. When the command is stopped or \
            killed, the same command goes on where it was.

            Exit status: 0 done, 1 failed, 2 a transcript has gaps, 64 wrong usage, 130 interrupted; of several files \
            the worst of 130, 1, 2, 0.
            """)

    @Argument(help: "The recordings: WAV, FLAC, OGG or MP3.")
    var files: [String]

    @OptionGroup var engine: EngineOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("The spoken language, as in en or pt-BR.", valueName: "tag"))
    var language: String?

    @Option(help: ArgumentHelp("How many chunks are transcribed side by side.", valueName: "number"))
    var concurrency = 4

    @Option(help: ArgumentHelp("The length that cuts aim at.", valueName: "seconds"))
    var chunkSeconds = 30.0

    @Option(help: ArgumentHelp("The form of the transcript: txt, vtt, srt or json.", valueName: "format"))
    var format = TranscriptFormat.txt

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp(
            "The file to write; for several recordings a folder, with <name>.<format> for each.", valueName: "path"))
    var outputPath: String?

    @Flag(help: "Neither take results from the cache nor keep them there.")
    var noCache = false

    @Flag(help: "Leave the work to millrace worker: print the id of a job for each recording, and return.")
    var detach = false

    @Option(help: ArgumentHelp("How urgent it is among other work: 3 first, 2, or 1 last.", valueName: "number"))
    var priority = JobPriority.medium

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name at least one recording.") }
        guard !detach || outputPath == nil else {
            throw ValidationError("--output is not for --detach; see millrace transcripts export.")
        }
        guard (1...1_000).contains(concurrency) else {
            throw ValidationError("--concurrency must be between 1 and 1000.")
        }
        do throws(InvalidValue) {
            _ = try ChunkSettings(targetSeconds: chunkSeconds)
        } catch {
            throw ValidationError("--chunk-seconds \(error.reason).")
        }
        if let language {
            let isTag =
                !language.isEmpty && language.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
            guard isTag else { throw ValidationError("--language must be a tag as in en or pt-BR.") }
        }
    }

    func run() async throws {
        let console = try output.console()
        if detach { return try await enqueueAll(console: console).end() }
        let resuming = "To go on: \(Self.ownCommandLine)"
        let end = try await Interrupts.whileHandling(with: console, farewell: resuming) { stop in
            do {
                let logger = try output.logger(console)
                return try await engine.withTranscriber(concurrency: concurrency, logger: logger) { transcriber in
                    await transcribeAll(with: transcriber, console: console, logger: logger, stop: stop)
                }
            } catch {
                console.error("\(error)")
                return .failed
            }
        }
        if end == .interrupted { console.note(resuming) }
        try end.end()
    }

    private func transcribeAll(
        with transcriber: any Transcriber, console: Console, logger: Logger, stop: StopSignal
    ) async -> ProgramExit {
        do {
            let location = try store.location()
            let destination = try TranscriptOutput(
                path: outputPath, inputs: files, format: format, keeping: [location.path])
            try await transcriber.check()
            try transcriber.check(language: language)
            let millrace = try Millrace(store: location, logger: logger)
            if output.verbose { console.note("Store: \(location)") }
            var end = ProgramExit.done
            for file in files where !stop.isRaised {
                let transcription = FileTranscription(
                    file: file, millrace: millrace, transcriber: transcriber, options: try options(), format: format,
                    destination: destination, console: console)
                end = .worse(end, await transcription.run(stop: stop))
            }
            return stop.isRaised ? .interrupted : end
        } catch {
            console.error("\(error)")
            return .failed
        }
    }

    private func enqueueAll(console: Console) async -> ProgramExit {
        do {
            let engine = try engine.identity(language: language)
            let millrace = try Millrace(store: store.location(), logger: output.logger(console))
            return await DetachedTranscription(
                files: files, millrace: millrace, engine: engine, options: try options(), console: console
            ).run()
        } catch {
            console.error("\(error)")
            return .failed
        }
    }

    private func options() throws(InvalidValue) -> TranscriptionOptions {
        TranscriptionOptions(
            language: language, chunking: try ChunkSettings(targetSeconds: chunkSeconds), usesCache: !noCache,
            concurrency: concurrency, priority: priority)
    }

    /// What the user typed, to be typed again. The script that starts the program says how it was called.
    private static var ownCommandLine: String {
        let program = ProcessInfo.processInfo.environment["MILLRACE_PROGRAM"] ?? CommandLine.arguments[0]
        return ([program] + CommandLine.arguments.dropFirst()).map(ShellWord.quote).joined(separator: " ")
    }
}
