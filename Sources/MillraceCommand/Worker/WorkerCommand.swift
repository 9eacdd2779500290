internal import ArgumentParser
internal import Logging
internal import Millrace

/// `millrace worker`: shares the work of a store.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Share the work of a store until stopped.",
        discussion: """
            Takes the chunks that its engine can transcribe, and merges, of everything in the store. The recordings \
            must lie at the same paths as where they were first transcribed; what has a URL is fetched, once. Of a \
            recording that is neither, it takes the chunks that were uploaded (transcribe --upload).
            """)

    @OptionGroup var engine: EngineOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var redis: RedisOptions
    @OptionGroup var prometheus: PrometheusOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("How many chunks are transcribed side by side.", valueName: "number"))
    var concurrency = 4

    func validate() throws {
        guard (1...1_000).contains(concurrency) else {
            throw ValidationError("--concurrency must be between 1 and 1000.")
        }
    }

    func run() async throws {
        let console = try output.console()
        do {
            let logger = try output.logger(console)
            let collector = ProgramMetrics.begin(logger: logger)
            try await engine.withTranscriber(concurrency: concurrency, logger: logger) { transcriber in
                try await work(with: transcriber, collector: collector, console: console, logger: logger)
            }
            console.note("Stopped.")
        } catch {
            console.error("\(error)")
            throw ExitCode(ProgramExit.failed.rawValue)
        }
    }

    private func work(
        with transcriber: any Transcriber, collector: MetricsCollector, console: Console, logger: Logger
    ) async throws {
        try await transcriber.check()
        let location = try store.location()
        try await Millrace.with(
            store: location, redis: redis.server(), prometheus: prometheus.endpoint(), logger: logger
        ) { millrace in
            console.note("Working on \(location) with \(transcriber.identity.kind); Ctrl-C to stop.")
            try await Interrupts.whileHandling(with: console) { stop in
                try await millrace.measuring(collector) {
                    try await millrace.worker(
                        transcribers: [transcriber], configuration: WorkerConfiguration(concurrency: concurrency),
                        stop: stop,
                        onEvent: { event in
                            guard case .stoppedExcept(let count) = event else { return }
                            console.note("Did not end, and are left to be run elsewhere: \(count)")
                        }
                    ).run()
                }
            }
        }
    }
}
