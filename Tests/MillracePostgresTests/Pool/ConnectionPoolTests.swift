import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

@Suite("The pool of connections")
struct ConnectionPoolTests {
    private static func pool(
        size: Int = 2, maxOverflow: Int = 0, timeout: Duration = .seconds(30), recycle: Duration = .seconds(3_600),
        prePing: Bool = true
    ) throws -> PoolLab {
        PoolLab(
            try .init(size: size, maxOverflow: maxOverflow, timeout: timeout, recycle: recycle, prePing: prePing))
    }

    @Test("size: so many connections stay open, and are lent again and again")
    func size() async throws {
        let lab = try Self.pool(size: 2)
        for _ in 0..<10 {
            let loans = [try await lab.borrow(), try await lab.borrow()]
            for loan in loans { try await loan.end() }
            lab.advance(by: .seconds(60))
        }
        #expect(lab.opened.count == 2)
        #expect(lab.pool.state.idle == 2)
    }

    @Test("maxOverflow: so many more are opened in a rush, and close after five seconds without use")
    func overflow() async throws {
        let lab = try Self.pool(size: 1, maxOverflow: 2)
        var loans: [Loan] = []
        for _ in 0..<3 { loans.append(try await lab.borrow()) }
        let next = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        #expect(lab.opened.count == 3)
        for loan in loans { try await loan.end() }
        try await next.taken()
        try await next.end()
        lab.advance(by: .seconds(5) - .milliseconds(1))
        #expect(lab.pool.state.idle == 3)
        lab.advance(by: .milliseconds(1))
        #expect(lab.pool.state.idle == 1)
        #expect(lab.opened.count { $0.isOpen } == 1)
    }

    @Test("timeout: a wait over it fails, and says how long it was and how many connections were in use")
    func timeout() async throws {
        let lab = try Self.pool(size: 2, timeout: .seconds(3))
        let loans = [try await lab.borrow(), try await lab.borrow()]
        let late = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        lab.advance(by: .seconds(2))
        #expect(lab.pool.state.longestWait == .seconds(2))
        lab.advance(by: .seconds(1))
        let error = await #expect(throws: PostgresError.self) { try await late.taken() }
        #expect(error?.code == .poolTimeout)
        #expect(error?.message.contains("test:5432/test") == true)
        #expect(error?.message.contains("3.0 s, with 2 in use") == true, "\(error?.message ?? "")")
        #expect(lab.pool.state.waiting == 0 && lab.pool.state.waitTime == .seconds(3))
        for loan in loans { try await loan.end() }
        #expect(lab.pool.state.idle == 2)
    }

    @Test("recycle: a connection that is too old is replaced, but never while it is in use")
    func recycle() async throws {
        let lab = try Self.pool(size: 2, recycle: .seconds(60))
        let loans = [try await lab.borrow(), try await lab.borrow()]
        try await loans[0].end()
        lab.advance(by: .seconds(60))
        #expect(lab.opened.map(\.isOpen) == [false, true])
        lab.advance(by: .seconds(600))
        #expect(lab.opened.map(\.isOpen) == [false, true])
        try await loans[1].end()
        #expect(lab.opened.map(\.isOpen) == [false, false])
        let loan = try await lab.borrow()
        #expect(loan.connection?.number == 3)
        try await loan.end()
    }

    @Test("prePing: a connection that the server has ended is replaced before anybody gets it")
    func cut() async throws {
        let lab = try Self.pool()
        try await lab.borrow().end()
        lab.opened[0].cut()
        let loan = try await lab.borrow()
        #expect(loan.connection?.number == 2)
        #expect(lab.opened.map(\.isOpen) == [false, true])
        try await loan.end()
    }

    @Test("prePing: after a second without use the server is asked, and one that does not answer is replaced")
    func silence() async throws {
        let lab = try Self.pool()
        try await lab.borrow().end()
        lab.advance(by: .milliseconds(999))
        try await lab.borrow().end()
        #expect(lab.opened[0].pings == 0)
        lab.advance(by: .seconds(1))
        try await lab.borrow().end()
        #expect(lab.opened[0].pings == 1)
        lab.opened[0].silence()
        lab.advance(by: .seconds(1))
        let loan = try await lab.borrow()
        #expect(loan.connection?.number == 2)
        #expect(!lab.opened[0].isOpen)
        try await loan.end()
    }

    @Test("prePing off: nothing is looked at before a connection is lent")
    func noPing() async throws {
        let lab = try Self.pool(prePing: false)
        try await lab.borrow().end()
        lab.opened[0].cut()
        lab.advance(by: .seconds(10))
        let loan = try await lab.borrow()
        #expect(loan.connection?.number == 1)
        #expect(lab.opened[0].pings == 0)
        try await loan.end()
        // What comes back broken is closed all the same.
        let next = try await lab.borrow()
        #expect(next.connection?.number == 2)
        try await next.end()
    }

    @Test("callers are served in the order in which they asked")
    func order() async throws {
        let lab = try Self.pool(size: 1)
        let holder = try await lab.borrow()
        let served = Locked<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await lab.pool.withConnection { _ in served.withLock { $0.append(number) } }
                }
                try await eventually { lab.pool.state.waiting == number + 1 }
            }
            try await holder.end()
            try await group.waitForAll()
        }
        #expect(served.withLock { $0 } == Array(0..<20))
        #expect(lab.opened.count == 1)
    }

    @Test("a caller that is cancelled leaves the queue at once, and the others keep their turn")
    func cancelled() async throws {
        let lab = try Self.pool(size: 1)
        let holder = try await lab.borrow()
        let first = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        let second = lab.ask()
        try await eventually { lab.pool.state.waiting == 2 }
        first.cancel()
        let error = await #expect(throws: PostgresError.self) { try await first.taken() }
        #expect(error?.code == .cancelled)
        #expect(lab.pool.state.waiting == 1)
        try await holder.end()
        try await second.taken()
        try await second.end()
    }

    @Test("a caller that is cancelled before it asks gets nothing")
    func cancelledBefore() async throws {
        let lab = try Self.pool(size: 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await lab.pool.withConnection { _ in }
        }
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(lab.opened.isEmpty)
    }

    @Test("when the server refuses, each caller is told, nobody waits for ever, and all is well once it is back")
    func refused() async throws {
        let lab = try Self.pool(size: 1)
        let holder = try await lab.borrow()
        lab.refuse(true)
        let waiting = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        holder.connection?.cut()
        try await holder.end()
        let error = await #expect(throws: PostgresError.self) { try await waiting.taken() }
        #expect(error?.code == .connectionFailed)
        #expect(lab.pool.state.inUse == 0)
        lab.refuse(false)
        try await lab.borrow().end()
    }

    @Test("closing refuses those who wait, waits for what is in use, and closes it")
    func drain() async throws {
        let lab = try Self.pool(size: 2)
        let loans = [try await lab.borrow(), try await lab.borrow()]
        let waiting = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        try await loans[0].end()
        try await waiting.taken()
        let late = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        let isDrained = Locked(false)
        let drain = Task {
            await lab.pool.close()
            isDrained.withLock { $0 = true }
        }
        let error = await #expect(throws: PostgresError.self) { try await late.taken() }
        #expect(error?.code == .poolClosed)
        #expect(lab.opened.count { $0.isOpen } == 2)
        try await loans[1].end()
        #expect(!isDrained.withLock { $0 })
        try await waiting.end()
        await drain.value
        #expect(lab.opened.allSatisfy { !$0.isOpen })
        let refused = await #expect(throws: PostgresError.self) { try await lab.borrow() }
        #expect(refused?.code == .poolClosed)
    }

    @Test("closing ends what is in use when its own task is cancelled")
    func impatient() async throws {
        let lab = try Self.pool(size: 1)
        let loan = try await lab.borrow()
        let drain = Task { await lab.pool.close() }
        try await eventually { (try? await lab.borrow()) == nil }
        #expect(lab.opened[0].isOpen)
        drain.cancel()
        try await eventually { !lab.opened[0].isOpen }
        try await loan.end()
        await drain.value
    }

    @Test("by the system's clock a wait ends in time")
    func system() async throws {
        let options = try PostgresPool.Options(size: 1, maxOverflow: 0, timeout: .milliseconds(20))
        let pool = ConnectionPool(options: options, name: "test:5432/test") { () async throws(PostgresError) in
            BrittleConnection(number: 1)
        }
        // The second is refused by an alarm that was set in the place of that for the first one's age.
        for _ in 0..<2 {
            try await pool.withConnection { _ in
                let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
                #expect(error?.code == .poolTimeout)
            }
        }
    }

    @Test("options that make no sense are refused")
    func options() {
        #expect(throws: InvalidValue.self) { try PostgresPool.Options(size: 0) }
        #expect(throws: InvalidValue.self) { try PostgresPool.Options(maxOverflow: -1) }
        #expect(throws: InvalidValue.self) { try PostgresPool.Options(timeout: .seconds(-1)) }
        #expect(throws: InvalidValue.self) { try PostgresPool.Options(recycle: .zero) }
        #expect(throws: Never.self) { try PostgresPool.Options(maxOverflow: 0, timeout: .zero) }
    }

    @Test("the defaults are those of the specification")
    func defaults() throws {
        let options = PostgresPool.Options.standard
        #expect(try options == PostgresPool.Options())
        #expect(options.size == 10 && options.maxOverflow == 20 && options.timeout == .seconds(30))
        #expect(options.recycle == .seconds(3_600) && options.prePing && !options.echo)
    }
}
