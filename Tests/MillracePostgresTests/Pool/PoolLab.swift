import MillraceCore
import MillraceTesting
import Synchronization

@testable import MillracePostgres

/// A connection that a test breaks by hand.
final class BrittleConnection: PooledConnection {
    private struct State {
        var isOpen = true
        var isUsable = true
        var answers = true
        var pings = 0
    }

    let number: Int
    private let state = Mutex(State())

    init(number: Int) {
        self.number = number
    }

    var isOpen: Bool { state.withLock { $0.isOpen } }
    var pings: Int { state.withLock { $0.pings } }
    var isUsable: Bool { state.withLock { $0.isOpen && $0.isUsable } }
    var isAtRest: Bool { isUsable }

    func ping() async throws(PostgresError) {
        let answers = state.withLock { state in
            state.pings += 1
            return state.answers && state.isOpen
        }
        guard answers else { throw PostgresError(.connectionLost, "gone") }
    }

    func close() {
        state.withLock { $0.isOpen = false }
    }

    /// As when the server ends it: its socket shows that.
    func cut() {
        state.withLock { $0.isUsable = false }
    }

    /// As when the network swallows all: only a question shows that.
    func silence() {
        state.withLock { $0.answers = false }
    }
}

/// A pool of connections to nowhere, on a clock that a test moves.
struct PoolLab {
    private final class State: Sendable {
        struct Contents {
            var opened: [BrittleConnection] = []
            var refuses = false
            var alarm: (at: Duration, ring: @Sendable () -> Void)?
        }

        let contents = Mutex(Contents())

        func connect() throws(PostgresError) -> BrittleConnection {
            let connection: BrittleConnection? = contents.withLock { contents in
                guard !contents.refuses else { return nil }
                contents.opened.append(BrittleConnection(number: contents.opened.count + 1))
                return contents.opened.last
            }
            guard let connection else { throw PostgresError(.connectionFailed, "nobody listens") }
            return connection
        }
    }

    private let clock = ManualClock()
    private let state = State()
    let pool: ConnectionPool<BrittleConnection>

    init(_ options: PostgresPool.Options) {
        let (state, clock) = (state, clock)
        pool = ConnectionPool(
            options: options, name: "test:5432/test", time: MonotonicTime(clock),
            alarm: PoolAlarm { delay, ring in
                state.contents.withLock { $0.alarm = (clock.now.offset + delay, ring) }
            },
            connect: { () async throws(PostgresError) in try state.connect() })
    }

    /// All connections that were ever opened.
    var opened: [BrittleConnection] { state.contents.withLock { $0.opened } }

    /// Whether the server refuses connections.
    func refuse(_ refuses: Bool) {
        state.contents.withLock { $0.refuses = refuses }
    }

    /// Lets time pass, and rings what is set for it.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        while true {
            let ring: (@Sendable () -> Void)? = state.contents.withLock { contents in
                guard let alarm = contents.alarm, alarm.at <= clock.now.offset else { return nil }
                contents.alarm = nil
                return alarm.ring
            }
            guard let ring else { return }
            ring()
        }
    }

    /// Takes a connection until the loan is given back.
    func borrow() async throws -> Loan {
        let loan = ask()
        try await loan.taken()
        return loan
    }

    /// Asks for a connection, without waiting until it comes.
    func ask() -> Loan {
        Loan(of: pool)
    }
}

/// A connection that a test holds as long as it wants.
struct Loan: Sendable {
    private let task: Task<Void, any Error>
    private let box = LoanBox()
    private let stop: AsyncStream<Void>.Continuation

    init(of pool: ConnectionPool<BrittleConnection>) {
        let (end, stop) = AsyncStream<Void>.makeStream()
        self.stop = stop
        let box = box
        task = Task {
            do {
                try await pool.withConnection { connection in
                    box.connection.withLock { $0 = connection }
                    for await _ in end {}
                }
            } catch {
                box.failure.withLock { $0 = error }
                throw error
            }
        }
    }

    var connection: BrittleConnection? { box.connection.withLock { $0 } }
    var failure: (any Error)? { box.failure.withLock { $0 } }

    /// Waits until the connection has come; throws what came instead.
    func taken() async throws {
        try await eventually { connection != nil || failure != nil }
        if let failure { throw failure }
    }

    func cancel() {
        task.cancel()
    }

    /// Gives the connection back, and waits until that is done; throws what kept it from being lent.
    func end() async throws {
        stop.finish()
        try await task.value
    }
}

private final class LoanBox: Sendable {
    let connection = Mutex<BrittleConnection?>(nil)
    let failure = Mutex<(any Error)?>(nil)
}
