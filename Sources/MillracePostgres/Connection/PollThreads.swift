internal import Foundation
internal import Synchronization

/// The threads that read what the servers answer; tasks may prefer to run on them.
///
/// A session belongs to one of them for as long as it lives. A task that is resumed by an answer goes on in the thread that
/// read it, without another thread being woken.
final class PollThreads: TaskExecutor {
    private static let running = Mutex<PollThreads?>(nil)

    private let loops: [PollLoop]
    private let turn = Atomic<Int>(0)

    /// The threads of this process, which begin with the first connection and never end.
    static func shared() throws(PostgresError) -> PollThreads {
        let threads = running.withLock { running -> PollThreads? in
            if running == nil { running = PollThreads() }
            return running
        }
        guard let threads else {
            throw PostgresError(
                .connectionFailed, "this process has too many open files; raise the limit (ulimit -n) or close some")
        }
        return threads
    }

    private init?() {
        // More than that are never busy: the server's processes have more to do than they.
        let count = min(ProcessInfo.processInfo.activeProcessorCount, 4)
        loops = (0..<count).compactMap { _ in PollLoop() }
        guard !loops.isEmpty else { return nil }
        for loop in loops { loop.start(for: self) }
    }

    /// The loop for the next session.
    func next() -> PollLoop {
        loops[turn.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }

    /// The sessions that are open.
    var sessions: [Session] { loops.flatMap(\.allSessions) }

    /// Whether this is called in one of the threads.
    var isCurrent: Bool { loops.contains(where: \.isCurrent) }

    /// See `Executor`: in the present thread if it is one of these, and else in turn.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        (loops.first(where: \.isCurrent) ?? next()).run(job)
    }
}
