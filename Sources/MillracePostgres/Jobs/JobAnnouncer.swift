internal import MillraceCore
internal import Synchronization

/// Tells those who wait that there is something to claim, together for all that a process does at the same time.
///
/// It is said after what it is said of was committed, in a transaction of its own: one that notifies keeps all others that
/// do so from committing until it is on the disk, so many small ones would go one by one. Nobody waits for it but who closes
/// the store, and what is lost costs a poll.
final class JobAnnouncer: Sendable {
    /// What is said.
    enum Word: String, Sendable {
        /// There are new jobs, behind all others.
        case jobs
        /// Jobs are queued again, wherever they stood.
        case again
    }

    private struct State {
        var words: Set<Word> = []
        var isTelling = false
        /// Those who wait until nothing is left to say.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// What is said while others have just been told waits so long for more.
    private static let rest = Duration.milliseconds(2)

    private let tell: @Sendable ([Word]) async -> Void
    private let state = Mutex(State())

    init(tell: @escaping @Sendable ([Word]) async -> Void) {
        self.tell = tell
    }

    convenience init(_ pool: PostgresPool) {
        // Nobody waits for the disk that somebody was woken.
        let sql = """
            SELECT set_config('synchronous_commit', 'off', true), pg_notify($1::text, word)
            FROM unnest($2::text[]) AS word
            """
        self.init { words in
            let parameters: [PostgresParameter] = [
                .text(pool.configuration.schema), .texts(words.map(\.rawValue)),
            ]
            // Closing a store waits for it, also when its server is away.
            await MonotonicTime(ContinuousClock()).limit(.seconds(2)) {
                _ = try? await pool.withConnection { try await $0.execute(sql, parameters) }
            }
        }
    }

    /// Has it said soon, and returns at once.
    func announce(_ word: Word) {
        let begins = state.withLock { state in
            state.words.insert(word)
            defer { state.isTelling = true }
            return !state.isTelling
        }
        guard begins else { return }
        // Not a child of the caller's task, which neither waits for it nor may end it, and of whose trace and connection it
        // knows nothing. The store waits for its end when it is closed.
        Task.detached { [self] in await work() }
    }

    /// Waits until all is said that was announced before.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.isTelling { state.waiters.append(continuation) }
                return !state.isTelling
            }
            if isDone { continuation.resume() }
        }
    }

    private func work() async {
        while let words = next() {
            await tell(words)
            if state.withLock({ !$0.words.isEmpty }) { try? await ContinuousClock().sleep(for: Self.rest) }
        }
    }

    /// What is to be said; the end of the work when there is nothing.
    private func next() -> [Word]? {
        let (words, waiters) = state.withLock { state in
            let words = state.words.sorted { $0.rawValue < $1.rawValue }
            state.words = []
            state.isTelling = !words.isEmpty
            var waiters: [CheckedContinuation<Void, Never>] = []
            if words.isEmpty { swap(&waiters, &state.waiters) }
            return (words, waiters)
        }
        for waiter in waiters { waiter.resume() }
        return words.isEmpty ? nil : words
    }
}
