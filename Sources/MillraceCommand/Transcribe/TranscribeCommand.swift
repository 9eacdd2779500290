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

    @Argument(
        help: ArgumentHelp(
            "The recordings: files, folders, http(s) URLs, or - for standard input.",
            discussion: """
                WAV, FLAC, OGG and MP3 are read by themselves, everything else that ffmpeg knows (m4a, mp4, webm …) \
                where that is installed. Of a folder, all recordings in it and in the folders below are taken by \
                name; hidden files are left out, files that are not audio are skipped and named.
                """))
    var files: [String]

    @OptionGroup var engine: EngineOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var redis: RedisOptions
    @OptionGroup var prometheus: PrometheusOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("The spoken language, as in en or pt-BR.", valueName: "tag"))
    var language: String?

    @Option(
        help: ArgumentHelp(
            "Words that tell the engine what to expect: names, terms, style.",
            discussion: "The engine command finds them in MILLRACE_PROMPT; pocketsphinx cannot use them.",
            valueName: "text"))
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Where to begin, as in 90, 1:30 or 0:01:30.5; times stay those of the recording.", valueName: "time"))
    var start: TimeArgument?

    @Option(help: ArgumentHelp("Where to end, counted from the recording's beginning.", valueName: "time"))
    var end: TimeArgument?

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

    @Flag(
        help: ArgumentHelp(
            "Print what would be done, and store nothing.",
            discussion: """
                The chunks with their times, where the result of each would come from (engine, cache, an earlier run, \
                silence), and the seconds to send; with --format json as one object a recording.
                """))
    var dryRun = false

    @Flag(help: "Leave the work to millrace worker: print the id of a job for each recording, and return.")
    var detach = false

    @Flag(
        help: ArgumentHelp(
            "Store the sound of each chunk until it is transcribed, for workers that do not reach the recording.",
            discussion: """
                Without it a worker needs the recording at the same path, or its URL. With --detach the recording is \
                read here and now.
                """))
    var upload = false

    @Option(help: ArgumentHelp("How urgent it is among other work: 3 first, 2, or 1 last.", valueName: "number"))
    var priority = JobPriority.medium

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name at least one recording.") }
        guard !detach || outputPath == nil else {
            throw ValidationError("--output is not for --detach; see millrace transcripts export.")
        }
        guard !detach || prometheus.prometheus == nil else {
            throw ValidationError("--prometheus is not for --detach; give it to millrace worker.")
        }
        guard !detach || !dryRun else { throw ValidationError("--dry-run and --detach exclude each other.") }
        guard !dryRun || !upload else { throw ValidationError("--dry-run and --upload exclude each other.") }
        guard !detach || upload || !files.contains(RecordingSource.standardInputPath) else {
            throw ValidationError("Standard input (-) can be left to a worker only with --upload.")
        }
        guard files.count(where: { $0 == RecordingSource.standardInputPath }) <= 1 else {
            throw ValidationError("Standard input (-) can be read only once.")
        }
        do throws(InvalidValue) {
            for file in files { _ = try RecordingInput(parsing: file) }
        } catch {
            throw ValidationError("A \(error.kind) \(error.reason).")
        }
        guard (1...1_000).contains(concurrency) else {
            throw ValidationError("--concurrency must be between 1 and 1000.")
        }
        do throws(InvalidValue) {
            _ = try ChunkSettings(targetSeconds: chunkSeconds)
        } catch {
            throw ValidationError("--chunk-seconds \(error.reason).")
        }
        do throws(InvalidValue) {
            _ = try range()
        } catch {
            throw ValidationError("The part from --start to --end \(error.reason).")
        }
        if let prompt, prompt.utf8.count > TranscriptionOptions.promptLimit {
            throw ValidationError("--prompt must be no longer than \(TranscriptionOptions.promptLimit) bytes.")
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
        let resuming = resuming
        let end = try await Interrupts.whileHandling(with: console, farewell: dryRun ? nil : resuming) { stop in
            do {
                let logger = try output.logger(console)
                let collector = ProgramMetrics.begin(logger: logger)
                return try await engine.withTranscriber(concurrency: concurrency, logger: logger) { transcriber in
                    await transcribeAll(
                        with: transcriber, collector: collector, console: console, logger: logger, stop: stop)
                }
            } catch {
                console.error("\(error)")
                return .failed
            }
        }
        if end == .interrupted, !dryRun { console.note(resuming) }
        try end.end()
    }

    private func transcribeAll(
        with transcriber: any Transcriber, collector: MetricsCollector, console: Console, logger: Logger,
        stop: StopSignal
    ) async -> ProgramExit {
        do {
            let location = try store.location()
            let options = try options()
            // What is not to be asked does not have to be there.
            if !dryRun { try await transcriber.check() }
            try transcriber.check(language: language)
            if let prompt, !prompt.isEmpty { try transcriber.check(prompt: prompt) }
            guard let inputs = try await unless(stop, { try await Inputs(files, console: console) }) else {
                return .interrupted
            }
            if dryRun {
                let plan = PlannedRun(
                    store: location, transcriber: transcriber, options: options, format: format, console: console,
                    logger: logger)
                return try await unless(stop) { await plan.run(inputs.recordings) } ?? .interrupted
            }
            let destination = try TranscriptOutput(
                path: outputPath, inputs: inputs, format: format, keeping: [location.path].compactMap { $0 })
            return try await Millrace.with(
                store: location, redis: redis.server(), prometheus: prometheus.endpoint(), logger: logger
            ) { millrace in
                if output.verbose { console.note("Store: \(location)") }
                return try await millrace.measuring(collector) {
                    await transcribe(inputs.recordings, stop: stop) { recording in
                        FileTranscription(
                            recording: recording, millrace: millrace, transcriber: transcriber, options: options,
                            format: format, destination: destination, console: console)
                    }
                }
            }
        } catch {
            console.status(nil)
            console.error("\(error)")
            return .failed
        }
    }

    /// One recording after the other; how the worst of them ended.
    private func transcribe(
        _ recordings: [NamedInput], stop: StopSignal, by make: (NamedInput) -> FileTranscription
    ) async -> ProgramExit {
        var end = ProgramExit.done
        for recording in recordings where !stop.isRaised {
            let transcription = make(recording)
            do throws(TranscriptionError) {
                end = .worse(end, try await transcription.run(stop: stop))
            } catch {
                transcription.console.error("\(error)")
                transcription.console.note(resuming)
                return .failed
            }
        }
        return stop.isRaised ? .interrupted : end
    }

    private func enqueueAll(console: Console) async -> ProgramExit {
        do {
            let engine = try engine.identity(language: language, prompt: prompt)
            let inputs = try await Inputs(files, console: console)
            let options = try options()
            return try await Millrace.with(
                store: store.location(), redis: redis.server(), logger: output.logger(console)
            ) { millrace in
                await DetachedTranscription(
                    recordings: inputs.recordings.map(\.input), millrace: millrace, engine: engine, options: options,
                    console: console
                ).run()
            }
        } catch {
            console.error("\(error)")
            return .failed
        }
    }

    private func range() throws(InvalidValue) -> RecordingRange {
        try RecordingRange(start: start?.duration ?? .zero, end: end?.duration)
    }

    private func options() throws(InvalidValue) -> TranscriptionOptions {
        TranscriptionOptions(
            language: language, prompt: prompt, range: try range(),
            chunking: try ChunkSettings(targetSeconds: chunkSeconds), usesCache: !noCache, concurrency: concurrency,
            priority: priority, uploadsAudio: upload)
    }

    /// How to go on after an interrupt.
    private var resuming: String {
        if files.contains(RecordingSource.standardInputPath) {
            return "To go on, run the same command with the same input"
        }
        // A URL may hold a password or a signature that gives access, and logs are read by many.
        let inputs = files.compactMap { try? RecordingInput(parsing: $0) }
        if store.isDatabase || redis.redis != nil || prometheus.prometheus != nil
            || inputs.contains(where: Self.hasQuery)
        {
            return "To go on, run the same command again"
        }
        return "To go on: \(Self.ownCommandLine)"
    }

    private static func hasQuery(_ input: RecordingInput) -> Bool {
        if case .url(let url) = input { url.text != url.shown } else { false }
    }

    /// What the user typed, to be typed again. The script that starts the program says how it was called.
    private static var ownCommandLine: String {
        let program = ProcessInfo.processInfo.environment["MILLRACE_PROGRAM"] ?? CommandLine.arguments[0]
        return ([program] + CommandLine.arguments.dropFirst()).map(ShellWord.quote).joined(separator: " ")
    }
}
