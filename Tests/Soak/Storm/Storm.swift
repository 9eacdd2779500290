internal import Foundation
internal import MillraceCore
internal import MillraceSQLite
internal import MillraceTesting
internal import MillraceWorkers
internal import Subprocess
internal import SystemPackage

/// Keeps workers running, kills one of them at every tick, and counts what is left in the end.
struct Storm: Sendable {
    private let store: String
    private let jobCount: Int
    private let workerCount: Int
    /// For every worker.
    private let options: [String]
    private let duration: Duration
    private let killInterval: Duration
    private let calm: Duration
    private let repository: SQLiteJobQueueRepository
    private let log: EffectLog
    private let field: WorkerField

    init(
        store path: String, jobs: Int, workers: Int, apart: Bool, duration: Duration, killInterval: Duration,
        calm: Duration
    ) async throws {
        store = path
        jobCount = jobs
        workerCount = workers
        options = apart ? ["--apart"] : []
        self.duration = duration
        self.killInterval = killInterval
        self.calm = calm
        let store = try SQLiteStore(path: path, options: SQLiteStore.Options(busyTimeout: .seconds(30)))
        repository = SQLiteJobQueueRepository(store)
        log = EffectLog(store: store)
        field = WorkerField(workers: workers)
        try await log.prepare()
    }

    func run() async throws -> StormOutcome {
        let start = ContinuousClock.now
        let kills = try await withThrowingTaskGroup(of: Int.self) { group in
            for place in 0..<workerCount {
                group.addTask {
                    while !field.isClosed { try await runWorker(at: place) }
                    return 0
                }
            }
            let kills = try await rage()
            try await waitForTheRest()
            field.close()
            try await group.waitForAll()
            return kills
        }
        var rescues = 0
        var retries = 0
        for try await job in repository.jobs(of: .default) {
            rescues += job.crashes
            retries += job.retryCount
        }
        let effects = try await log.counts()
        return StormOutcome(
            stats: try await repository.jobStats(queueName: .default), effects: (effects.effects, effects.jobs),
            kills: kills, starts: field.starts, rescues: rescues, retries: retries,
            elapsed: start.duration(to: .now))
    }

    /// Brings jobs and kills workers, in step, until the time is over.
    private func rage() async throws -> Int {
        var generator = TestSeed.generator()
        let ticks = max(1, Int(duration / killInterval))
        let start = ContinuousClock.now
        var brought = 0
        var kills = 0
        for tick in 1...ticks {
            let due = jobCount * tick / ticks
            try await bring(due - brought, using: &generator)
            brought = due
            try await ContinuousClock().sleep(until: start + killInterval * tick)
            if field.send(.kill, to: Int.random(in: 0..<workerCount, using: &generator)) { kills += 1 }
        }
        return kills
    }

    /// Enqueues jobs that take so long that the workers' places are taken for a good half of the time: a kill is to hit
    /// jobs that run.
    private func bring(_ count: Int, using generator: inout SeededGenerator) async throws {
        let handler = EffectHandler(log: log, jobs: repository)
        let places = Double(workerCount * EffectWorkerCommand.standardConcurrency)
        let longest = Int(1_200 * places * duration.inSeconds / Double(jobCount))
        let requests = try (0..<count).map { _ in
            try handler.request(EffectHandler.Payload(milliseconds: Int.random(in: 0...longest, using: &generator)))
        }
        _ = try await repository.enqueue(requests)
    }

    /// Waits until no job is open, for as long as the calm may last.
    private func waitForTheRest() async throws {
        let end = ContinuousClock.now + calm
        while ContinuousClock.now < end {
            let stats = try await repository.jobStats(queueName: .default)
            if JobStatus.allCases.filter(\.isOpen).allSatisfy({ stats[$0] == 0 }) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Runs a worker until it is sent a signal, and has ended by it.
    private func runWorker(at place: Int) async throws {
        _ = try await Subprocess.run(
            .path(FilePath(CommandLine.arguments[0])),
            arguments: Arguments(["effect-worker", "--store", store] + options), input: .none, output: .discarded,
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution in
            for await signal in field.enter(place) {
                // Sent here, where its number cannot have been given to another process yet.
                try execution.send(signal: signal)
                return
            }
        }
    }
}
