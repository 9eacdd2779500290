import Limits
import Millrace
import MillracePostgres

/// A queue in a schema of its own. Its history is kept from turn to turn.
struct BenchQueue {
    static let type = JobType(known: "bench")
    static let payload = #"{"recording": "/recordings/2026/hearing-17.flac", "language": "en", "chunk": 30}"#
    static let result = #"{"words": 12, "language": "en"}"#

    let store: PostgresStore
    let jobs: PostgresJobQueueRepository
    let worker: WorkerID

    /// Makes the schema, and a worker that holds its lease for as long as anything is measured.
    init(_ server: BenchServer, schema: String) async throws {
        store = try await server.store(schema)
        jobs = PostgresJobQueueRepository(store)
        worker = WorkerID.make(at: SystemWallClock().now())
        try await jobs.register(worker, process: nil, leasedFor: .seconds(36_000))
    }

    static func requests(_ count: Int) throws -> [JobRequest] {
        let payload = try JSONText(payload)
        return (0..<count).map { _ in JobRequest(type, payload: payload) }
    }

    /// Adds jobs until so many are queued.
    func fill(to count: Int) async throws {
        var missing = count - (try await queued())
        while missing > 0 {
            let batch = min(missing, 20_000)
            _ = try await jobs.enqueue(Self.requests(batch))
            missing -= batch
        }
    }

    func queued() async throws -> Int { try await jobs.jobStats(queueName: .default)[.queued] }

    func completed() async throws -> Int { try await jobs.jobStats(queueName: .default)[.completed] }

    /// Claims and settles one batch; returns how many jobs were settled.
    func claimAndSettle(upTo batch: Int) async throws -> Int {
        let claimed = try await jobs.claim(upTo: batch, from: JobScope(types: [Self.type]), by: worker)
        let result = JSONText(stored: Self.result)
        let lost = try await jobs.settle(claimed.map { JobSettlement($0, .completed(result: result)) })
        return claimed.count - lost.count
    }

    /// The same work by bare statements.
    func limit(_ server: BenchServer, schema: String) throws -> BarePostgresJobs {
        try BarePostgresJobs(
            server.url, schema: schema, connections: BenchServer.connections, worker: "\(worker)",
            group: .init(queue: QueueName.default.name, type: Self.type.name, priority: JobPriority.medium.rawValue),
            result: Self.result)
    }
}

/// Runs a body by so many tasks until the turns are used up, and adds up what it returns.
func inTasks(_ turns: Int, _ body: @escaping @Sendable () async throws -> Int) async throws -> Int {
    let left = Countdown(turns)
    return try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<BenchServer.connections {
            group.addTask {
                var sum = 0
                while left.take() { sum += try await body() }
                return sum
            }
        }
        return try await group.reduce(0, +)
    }
}

/// Runs a body again and again by so many tasks for some time.
///
/// - Returns: how many times it was run in a second.
func rate(
    for time: Duration, _ body: @escaping @Sendable () async throws -> Void
) async throws -> Double {
    let tally = Tally()
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<BenchServer.connections {
            group.addTask {
                while start.duration(to: .now) < time {
                    try await body()
                    tally.add(1)
                }
            }
        }
        try await group.waitForAll()
    }
    return Double(tally.value) / start.duration(to: .now).inSeconds
}

/// How many there are in a second, of those that a body does and counts.
func rate(of wanted: Int, _ body: () async throws -> Int) async throws -> Double {
    var done = 0
    let duration = try await ContinuousClock().measure { done = try await body() }
    guard done == wanted else { throw BenchmarkFailure("\(done) of \(wanted) were done") }
    return Double(done) / duration.inSeconds
}
