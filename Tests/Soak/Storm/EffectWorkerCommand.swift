internal import ArgumentParser
internal import Foundation
internal import Logging
internal import MillraceCaching
internal import MillraceCore
internal import MillraceWorkers
internal import ServiceLifecycle
internal import UnixSignals

/// `effect-worker`: a worker to be killed and frozen, which runs the jobs of ``EffectHandler`` until SIGTERM.
struct EffectWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "effect-worker", abstract: "The worker of other runs, to be killed or frozen.")

    static let standardConcurrency = 8

    @Option(help: "The store: a file, or postgres://…")
    var store: String

    @Option(help: "The Redis with hints of the jobs, beside PostgreSQL: redis://…")
    var redis: String?

    @Option(help: "How many jobs run side by side.")
    var concurrency = standardConcurrency

    @Option(help: "How long a lease holds.")
    var leaseMilliseconds = 10_000

    @Option(help: "How long a job that is told to end may go on.")
    var graceMilliseconds = 10_000

    @Option(help: "How long to wait before looking for jobs again.")
    var pollMilliseconds = 50

    @Option(help: "A file without which no job goes on, whatever it is told.")
    var hold: String?

    @Flag(help: "Write the effect before the transaction that settles, as it should not be done.")
    var apart = false

    func run() async throws {
        let store = try await openEffectStore(store, redis: redis)
        try await store.prepare()
        let handler = EffectHandler(store: store, hold: hold, writesApart: apart) { line in
            FileHandle.standardError.write(Data("\(line)\n".utf8))
        }
        let lease = Duration.milliseconds(leaseMilliseconds)
        let worker = WorkerService(
            WorkerService.Dependencies(
                jobs: store.jobs, processings: store.processings, transcripts: store.transcripts,
                cache: TieredCache(store: store.cache)),
            configuration: WorkerConfiguration(
                concurrency: concurrency,
                lease: try LeaseSettings(
                    duration: lease, beatInterval: lease / 5, rescueInterval: lease / 5),
                pollInterval: .milliseconds(pollMilliseconds), maxCrashes: 0, grace: .milliseconds(graceMilliseconds)),
            handlers: [handler], logger: Logger(label: "effect-worker", factory: { _ in SwiftLogNoOpLogHandler() }))
        let services = ServiceGroup(
            services: [worker], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await services.run()
        await store.close()
    }
}
