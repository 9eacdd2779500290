internal import Foundation
internal import Synchronization

/// The threads that read what the servers answer; tasks may prefer to run on them.
///
/// A session belongs to one of them for as long as it lives. A task that is resumed by an answer goes on in the thread that
/// read it, without another thread being woken.
final class PollThreads: TaskExecutor {
    private static let running = Mutex<PollThreads?>(nil)

    private let loops: [PollLoop]
    /// Two, because a session and the task that waits for it come in turns: by one, all sessions would come to one thread.
    private let sessionTurn = Atomic<Int>(0)
    private let jobTurn = Atomic<Int>(0)

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

    /// The loop for the next session: one that has the fewest, in turn, as many may begin at once.
    func next() -> PollLoop {
        let turn = sessionTurn.wrappingAdd(1, ordering: .relaxed).oldValue
        let inTurn = loops.indices.map { loops[(turn &+ $0) % loops.count] }
        return inTurn.min { $0.sessionCount < $1.sessionCount } ?? loops[0]
    }

    /// The sessions that are open.
    var sessions: [Session] { loops.flatMap(\.allSessions) }

    /// Whether this is called in one of the threads.
    var isCurrent: Bool { loops.contains(where: \.isCurrent) }

    /// See `Executor`: in the present thread if it is one of these, and else in turn.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if let current = loops.first(where: \.isCurrent) { return current.run(job) }
        loops[jobTurn.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count].run(job)
    }
}
