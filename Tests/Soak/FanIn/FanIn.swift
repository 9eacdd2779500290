internal import Foundation
internal import MillraceCore
internal import MillracePostgres
internal import MillraceTesting
internal import Subprocess
internal import SystemPackage

/// Starts processings of one shape, keeps worker processes running, kills one at every tick, and counts what is left.
struct FanIn: Sendable {
    private let url: String
    private let schema: String
    private let shape: FanInShape
    private let processes: Int
    private let tasks: Int
    private let store: PostgresStore
    private let field: WorkerField

    init(
        server: PostgresConfiguration, url: String, shape: FanInShape, processes: Int, tasks: Int
    ) async throws {
        schema = "fan_in_\(shape)_\(UInt32.random(in: 0...UInt32.max))"
        self.url = url + (url.contains("?") ? "&" : "?") + "schema=\(schema)"
        self.shape = shape
        self.processes = processes
        self.tasks = tasks
        store = try await PostgresStore(server.with(schema: schema))
        field = WorkerField(workers: processes)
    }

    func run(killInterval: Duration, limit: Duration) async throws -> FanInOutcome {
        for number in 0..<shape.processings { try await start(number) }
        let begin = ContinuousClock.now
        let kills = try await withThrowingTaskGroup(of: Int.self) { group in
            for place in 0..<processes {
                group.addTask {
                    while !field.isClosed { try await runWorker(at: place) }
                    return 0
                }
            }
            let kills = try await rage(every: killInterval, until: begin + limit)
            field.close()
            try await group.waitForAll()
            return kills
        }
        var outcome = try await count()
        outcome.kills = kills
        outcome.elapsed = begin.duration(to: .now)
        _ = try await store.transaction { try await $0.execute("DROP SCHEMA \"\(schema)\" CASCADE") }
        await store.close()
        return outcome
    }

    private func start(_ number: Int) async throws {
        let now = SystemWallClock().now()
        let hash = ContentHash(ofParts: ["\(number)"])
        let source = RecordingSource(path: "/\(number).flac", hash: hash, sampleCount: Int64(shape.chunks))
        let transcript = Transcript(
            id: .make(at: now), source: source.path, hash: hash, durationSeconds: source.durationSeconds,
            chunkCount: shape.chunks, at: now)
        let processor = try ParallelProcessor(
            id: .make(at: now), transcriptID: transcript.id, source: source,
            recipe: Recipe(engine: FanInWorkerCommand.engine),
            chunks: (0..<shape.chunks).map { index in
                (.make(at: now), SampleRange(uncheckedStart: Int64(index), end: Int64(index) + 1))
            }, at: now)
        try await PostgresProcessingRepository(store).start(processor, transcript: transcript)
    }

    /// Kills workers until every processing is merging, or the time is over.
    private func rage(every interval: Duration, until end: ContinuousClock.Instant) async throws -> Int {
        var generator = TestSeed.generator()
        var kills = 0
        while ContinuousClock.now < end {
            try await Task.sleep(for: interval)
            let open = try await numbers(
                "SELECT count(*) FROM \"\(schema)\".processing_tasks WHERE status IN ('PENDING', 'PROCESSING')")
            if open == [0] { break }
            if field.send(.kill, to: Int.random(in: 0..<processes, using: &generator)) { kills += 1 }
        }
        return kills
    }

    private func count() async throws -> FanInOutcome {
        let counts = try await numbers(
            """
            WITH truth AS (
                SELECT processing_id AS id, count(*) FILTER (WHERE status = 'COMPLETED') AS completed,
                       count(*) FILTER (WHERE status = 'FAILED') AS failed, sum(crashes) AS crashes,
                       sum(retry_count) AS retries
                FROM "\(schema)".chunk_tasks GROUP BY processing_id
            )
            SELECT count(*) FILTER (
                       WHERE task.status = 'MERGING' AND task.completed_chunks = truth.completed
                         AND task.failed_chunks = truth.failed AND truth.completed + truth.failed = task.total_chunks
                   ),
                   count(*) FILTER (WHERE 1 = (
                       SELECT count(*) FROM "\(schema)".processing_jobs AS job
                       WHERE job.job_type = 'merge' AND job.transcript_id = task.transcript_id
                   )),
                   sum(truth.completed)::bigint, sum(truth.failed)::bigint, sum(truth.crashes)::bigint,
                   sum(truth.retries)::bigint
            FROM "\(schema)".processing_tasks AS task JOIN truth ON truth.id = task.id
            """)
        return FanInOutcome(
            exact: counts[0], mergedOnce: counts[1], completed: counts[2], failed: counts[3], rescues: counts[4],
            retries: counts[5], starts: field.starts)
    }

    /// Reads the one row of a statement.
    private func numbers(_ sql: String) async throws -> [Int] {
        try await store.transaction { connection in
            let rows = try await connection.query(sql)
            return try (0..<rows.columnNames.count).map { try rows[0].value($0) }
        }
    }

    /// Runs a worker until it is sent a signal, and has ended by it.
    private func runWorker(at place: Int) async throws {
        _ = try await Subprocess.run(
            .path(FilePath(CommandLine.arguments[0])),
            arguments: ["fan-in-worker", "--store", url, "--tasks", "\(tasks)"], input: .none, output: .discarded,
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution in
            for await signal in field.enter(place, process: execution.processIdentifier.value) {
                // Sent here, where its number cannot have been given to another process yet.
                try execution.send(signal: signal)
                return
            }
        }
    }
}

/// What a run has left.
struct FanInOutcome: CustomStringConvertible {
    /// Processings whose row is what their chunks say.
    var exact: Int
    /// Processings with exactly one merge.
    var mergedOnce: Int
    var completed: Int
    var failed: Int
    /// Times that a chunk was taken from a dead worker.
    var rescues: Int
    var retries: Int
    var starts: Int
    var kills = 0
    var elapsed = Duration.zero

    /// Whether nothing was lost or counted twice, and workers died at all.
    func isAsItShouldBe(_ shape: FanInShape) -> Bool {
        exact == shape.processings && mergedOnce == shape.processings
            && completed + failed == shape.processings * shape.chunks && kills > 0
    }

    var description: String {
        """
        exact=\(exact) merged-once=\(mergedOnce) completed=\(completed) failed=\(failed) kills=\(kills) starts=\(starts) \
        rescues=\(rescues) retries=\(retries) seconds=\(Int(elapsed.inSeconds))
        """
    }
}
