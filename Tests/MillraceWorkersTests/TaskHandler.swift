import MillraceCore
import MillraceWorkers
import Synchronization

/// Runs a closure for every job, and keeps count of what runs.
final class TaskHandler<Output: Encodable & Sendable>: JobHandler {
    struct Payload: Codable, Sendable {
        var number: Int
    }

    struct Tally: Sendable {
        var running = 0
        var mostRunning = 0
        var started = 0
        var cancelled = 0
    }

    let jobType: JobType
    let timeout: Duration?
    private let body: @Sendable (Int, Job) async throws -> Output
    private let state = Mutex(Tally())

    init(
        _ type: String = "task", timeout: Duration? = nil,
        _ body: @escaping @Sendable (_ number: Int, _ job: Job) async throws -> Output
    ) {
        jobType = JobType(stored: type)
        self.timeout = timeout
        self.body = body
    }

    var tally: Tally { state.withLock { $0 } }

    func run(_ payload: Payload, in context: JobContext) async throws -> Output {
        state.withLock { tally in
            tally.started += 1
            tally.running += 1
            tally.mostRunning = max(tally.mostRunning, tally.running)
        }
        defer {
            state.withLock { tally in
                tally.running -= 1
                if Task.isCancelled { tally.cancelled += 1 }
            }
        }
        return try await body(payload.number, context.job)
    }

    /// Enqueues so many jobs, numbered from 0.
    @discardableResult
    func enqueue(
        _ count: Int = 1, at place: Workplace, maxRetries: Int? = nil, timeout: Duration? = nil
    ) async throws -> [JobID] {
        let requests = try (0..<count).map {
            try request(Payload(number: $0), maxRetries: maxRetries, timeout: timeout)
        }
        return try await place.jobs.enqueue(requests).ids
    }
}

extension TaskHandler where Output == NoResult {
    /// A handler whose jobs wait for a gate, or for the end of their task, which they report by an error.
    static func waiting(for gate: StopSignal) -> TaskHandler {
        TaskHandler { _, _ in
            await gate.wait()
            try Task.checkCancellation()
            return NoResult()
        }
    }
}

/// Waits for a signal, whatever becomes of the task that waits.
func waitDeaf(for signal: StopSignal) async {
    await Task.detached { await signal.wait() }.value
}
