internal import Foundation
internal import MillraceCore
internal import MillraceTesting
internal import MillraceWorkers
internal import Subprocess
internal import SystemPackage

/// Keeps workers running, lets something go wrong at every tick, and counts what is left in the end.
struct Storm: Sendable {
    /// What is done, and by whom.
    struct Plan: Sendable {
        var jobs: Int
        var workers = 4
        /// The store, as the workers are told it.
        var store: String
        /// For every worker, beside its store.
        var options: [String] = []
        /// Whether all jobs are there from the start, and nothing goes wrong before all workers are; else jobs come evenly.
        var beginsWithAll = false
        var duration: Duration
        /// The time between two blows.
        var interval: Duration
        /// How long the workers have for what is left, once the storm is over.
        var calm: Duration
        /// Whether every blow waits for workers that hold jobs and strikes one of them, so that it has something to strike
        /// on a machine on which it takes long to start a worker.
        var awaitsWorkers = false
        /// How often a job is tried again; `nil` for as often as jobs are.
        var maxRetries: Int?

        /// How many blows there are.
        var blows: Int { max(1, Int(duration / interval)) }

        /// Jobs that take so long that the workers' places are taken for a good half of the time: a blow is to hit jobs
        /// that run.
        func requests(
            _ count: Int, for handler: EffectHandler, using generator: inout SeededGenerator
        ) throws -> [JobRequest] {
            let places = Double(workers * EffectWorkerCommand.standardConcurrency)
            let longest = Int(1_200 * places * duration.inSeconds / Double(jobs))
            return try (0..<count).map { _ in
                let payload = EffectHandler.Payload(milliseconds: Int.random(in: 0...longest, using: &generator))
                return try handler.request(payload, maxRetries: maxRetries)
            }
        }
    }

    /// What goes wrong: returns whether anything was there for it to strike.
    typealias Blow = @Sendable (WorkerField, inout SeededGenerator) async throws -> Bool

    private let plan: Plan
    private let store: any EffectStore
    private let field: WorkerField
    private let blow: Blow

    /// Looks at the store by `store`, which the blows leave alone, or which bears them.
    init(_ plan: Plan, in store: any EffectStore, blow: @escaping Blow = Self.kill) async throws {
        self.plan = plan
        self.store = store
        self.blow = blow
        field = WorkerField(workers: plan.workers)
        try await store.prepare()
    }

    /// Kills one of the workers.
    @Sendable static func kill(_ field: WorkerField, _ generator: inout SeededGenerator) -> Bool {
        field.send(.kill, to: field.victims.randomElement(using: &generator) ?? 0)
    }

    func run() async throws -> StormOutcome {
        let start = ContinuousClock.now
        let (blows, deserters) = try await withThrowingTaskGroup(of: Int.self) { group in
            for place in 0..<plan.workers {
                group.addTask {
                    var deserters = 0
                    while !field.isClosed { deserters += try await runWorker(at: place) ? 0 : 1 }
                    return deserters
                }
            }
            let blows = try await rage()
            try await waitForTheRest()
            field.close()
            return (blows, try await group.reduce(0, +))
        }
        var rescues = 0
        var retries = 0
        for try await job in store.jobs.jobs(of: .default) {
            rescues += job.crashes
            retries += job.retryCount
        }
        let effects = try await store.counts()
        return StormOutcome(
            stats: try await store.jobs.jobStats(queueName: .default), effects: (effects.effects, effects.jobs),
            blows: blows, starts: field.starts, deserters: deserters, rescues: rescues, retries: retries,
            elapsed: start.duration(to: .now))
    }

    /// Brings jobs and strikes blows, in step, until the time is over.
    private func rage() async throws -> Int {
        var generator = TestSeed.generator()
        let ticks = plan.blows
        let handler = EffectHandler(store: store)
        var brought = 0
        var blows = 0
        if plan.beginsWithAll {
            // One that never reached the store ends, as it should.
            try await waitForWorkers()
            _ = try await store.jobs.enqueue(try plan.requests(plan.jobs, for: handler, using: &generator))
            brought = plan.jobs
        }
        let start = ContinuousClock.now
        for tick in 1...ticks {
            if plan.awaitsWorkers { try await waitForWorkers() }
            let due = max(brought, plan.jobs * tick / ticks)
            _ = try await store.jobs.enqueue(try plan.requests(due - brought, for: handler, using: &generator))
            brought = due
            try await ContinuousClock().sleep(until: start + plan.interval * tick)
            if plan.awaitsWorkers { try await waitForWork() }
            if try await blow(field, &generator) { blows += 1 }
        }
        return blows
    }

    /// Waits until all workers have reached the store, for as long as the calm may last.
    private func waitForWorkers() async throws {
        let end = ContinuousClock.now + plan.calm
        while ContinuousClock.now < end {
            let known = Set(try await store.jobs.workers().compactMap { $0.process?.processID })
            let running = field.processes
            if running.count == plan.workers, known.isSuperset(of: running) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits until workers hold jobs, or none is open, for as long as the calm may last; they are what is struck.
    private func waitForWork() async throws {
        let end = ContinuousClock.now + plan.calm
        while ContinuousClock.now < end {
            var busy: Set<Int32> = []
            for worker in try await store.jobs.workers() where try await !store.jobs.leases(of: worker.id).isEmpty {
                if let process = worker.process?.processID { busy.insert(process) }
            }
            field.note(busy: busy)
            if !busy.isDisjoint(with: field.processes) { return }
            let stats = try await store.jobs.jobStats(queueName: .default)
            if JobStatus.allCases.filter(\.isOpen).allSatisfy({ stats[$0] == 0 }) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until no job is open, for as long as the calm may last.
    private func waitForTheRest() async throws {
        let end = ContinuousClock.now + plan.calm
        while ContinuousClock.now < end {
            let stats = try await store.jobs.jobStats(queueName: .default)
            if JobStatus.allCases.filter(\.isOpen).allSatisfy({ stats[$0] == 0 }) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Runs a worker until it is sent a signal, and has ended by it.
    ///
    /// - Returns: whether it had not ended by itself.
    private func runWorker(at place: Int) async throws -> Bool {
        let result = try await Subprocess.run(
            .path(FilePath(CommandLine.arguments[0])),
            arguments: Arguments(["effect-worker", "--store", plan.store] + plan.options), input: .none,
            output: .discarded, error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution in
            for await signal in field.enter(place, process: execution.processIdentifier.value) {
                // Sent here, where its number cannot have been given to another process yet.
                try execution.send(signal: signal)
                return
            }
        }
        return switch result.terminationStatus {
        case .exited(let code): code == 0
        case .signaled: true
        }
    }
}
