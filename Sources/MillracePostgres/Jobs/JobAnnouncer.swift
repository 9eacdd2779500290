internal import MillraceCore
internal import Synchronization

/// Tells those who wait that there is something to claim, together for all that a process does at the same time.
///
/// It is said after what it is said of was committed, in a transaction of its own: one that notifies keeps all others that
/// do so from committing until it is on the disk, so many small ones would go one by one. Nobody waits for it, and what is
/// lost costs a poll.
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
    }

    /// What is said while others have just been told waits so long for more.
    private static let rest = Duration.milliseconds(2)

    private let tell: @Sendable ([Word]) async -> Void
    private let state = Mutex(State())

    init(tell: @escaping @Sendable ([Word]) async -> Void) {
        self.tell = tell
    }

    convenience init(_ store: PostgresStore) {
        // Nobody waits for the disk that somebody was woken.
        let sql = """
            SELECT set_config('synchronous_commit', 'off', true), pg_notify($1::text, word)
            FROM unnest($2::text[]) AS word
            """
        self.init { words in
            let parameters: [PostgresParameter] = [
                .text(store.pool.configuration.schema), .texts(words.map(\.rawValue)),
            ]
            _ = try? await store.execute(sql, parameters)
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
        // knows nothing. It ends when nothing is left to say, so soon after the store is closed, which refuses it.
        Task.detached { [self] in await work() }
    }

    private func work() async {
        while let words = next() {
            await tell(words)
            if state.withLock({ !$0.words.isEmpty }) { try? await ContinuousClock().sleep(for: Self.rest) }
        }
    }

    /// What is to be said; the end of the work when there is nothing.
    private func next() -> [Word]? {
        state.withLock { state in
            defer { state.words = [] }
            state.isTelling = !state.words.isEmpty
            return state.words.isEmpty ? nil : state.words.sorted { $0.rawValue < $1.rawValue }
        }
    }
}
