import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

@Suite("The state machine of the pool")
struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine<Int>

    private static func machine(
        size: Int = 1, maxOverflow: Int = 1, timeout: Duration = .seconds(30), recycle: Duration = .seconds(3_600)
    ) throws -> Machine {
        Machine(options: try .init(size: size, maxOverflow: maxOverflow, timeout: timeout, recycle: recycle))
    }

    /// Opens a connection in the place of a grant.
    private static func open(
        _ number: Int, in machine: inout Machine, at now: Duration = .zero
    ) throws -> Machine.Member {
        guard case .open(let place, nil)? = try machine.acquire(at: now) else { throw Unexpected() }
        let member = machine.opened(number, in: place, at: now)
        return try #require(member)
    }

    private static func expectNone(of machine: inout Machine) throws {
        let grant = try machine.acquire(at: .seconds(1))
        #expect(grant == nil)
    }

    private struct Unexpected: Error {}

    @Test("opens up to size and overflow, and then lets callers wait")
    func bounds() throws {
        var machine = try Self.machine(size: 2, maxOverflow: 1)
        for number in 1...3 { _ = try Self.open(number, in: &machine) }
        try Self.expectNone(of: &machine)
        #expect(machine.wait(7, at: .seconds(1)).alarm == .seconds(31))
        let state = machine.state(at: .seconds(3))
        #expect(state.inUse == 3 && state.idle == 0 && state.waiting == 1)
        #expect(state.longestWait == .seconds(2) && state.waits == 1 && state.waitTime == .zero)
    }

    @Test("gives a connection that comes back to the first who waits, and nobody overtakes")
    func order() throws {
        var machine = try Self.machine(size: 1, maxOverflow: 0)
        let member = try Self.open(1, in: &machine)
        for waiter in 1...3 as ClosedRange<UInt64> { _ = machine.wait(waiter, at: .zero) }
        var served: [UInt64] = []
        for second in 1...3 {
            try Self.expectNone(of: &machine)
            let effects = machine.release(member, at: .seconds(second))
            served += effects.answers.map(\.waiter)
            guard case .success(.use(let lent, idle: .zero)) = effects.answers[0].answer else { throw Unexpected() }
            #expect(lent.connection == 1)
        }
        #expect(served == [1, 2, 3])
        #expect(machine.release(member, at: .seconds(4)).answers.isEmpty)
        #expect(machine.state(at: .seconds(4)).waitTime == .seconds(6))
    }

    @Test("lends the connection that came back last, and says how long it was idle")
    func lastFirst() throws {
        var machine = try Self.machine(size: 2)
        let members = [try Self.open(1, in: &machine), try Self.open(2, in: &machine)]
        _ = machine.release(members[1], at: .seconds(1))
        _ = machine.release(members[0], at: .seconds(2))
        guard case .use(let first, idle: .seconds(3))? = try machine.acquire(at: .seconds(5)) else {
            throw Unexpected()
        }
        #expect(first.connection == 1)
        guard case .use(let second, idle: .seconds(4))? = try machine.acquire(at: .seconds(5)) else {
            throw Unexpected()
        }
        #expect(second.connection == 2)
    }

    @Test("a place that is given up goes to the first who waits")
    func givenUp() throws {
        var machine = try Self.machine(size: 1, maxOverflow: 0)
        guard case .open(let place, nil)? = try machine.acquire(at: .zero) else { throw Unexpected() }
        _ = machine.wait(1, at: .zero)
        _ = machine.wait(2, at: .zero)
        let answers = machine.giveUp(place, at: .seconds(1)).answers
        #expect(answers.map(\.waiter) == [1])
        guard case .success(.open) = answers[0].answer else { throw Unexpected() }
        #expect(machine.state(at: .zero).waiting == 1)
    }

    @Test("a caller that is cancelled leaves the queue, and one that was answered is left alone")
    func cancelled() throws {
        var machine = try Self.machine(size: 1, maxOverflow: 0)
        let member = try Self.open(1, in: &machine)
        for waiter in 1...3 as ClosedRange<UInt64> { _ = machine.wait(waiter, at: .zero) }
        let answers = machine.cancel(2, at: .seconds(1)).answers
        #expect(answers.map(\.waiter) == [2])
        guard case .failure(.cancelled) = answers[0].answer else { throw Unexpected() }
        #expect(machine.release(member, at: .seconds(1)).answers.map(\.waiter) == [1])
        #expect(machine.cancel(1, at: .seconds(2)).answers.isEmpty)
        #expect(machine.release(member, at: .seconds(2)).answers.map(\.waiter) == [3])
    }

    @Test("who waits for longer than the time-out is refused, and told how many connections were in use")
    func timeout() throws {
        var machine = try Self.machine(size: 2, maxOverflow: 0, timeout: .seconds(5))
        for number in 1...2 { _ = try Self.open(number, in: &machine) }
        _ = machine.wait(1, at: .seconds(1))
        _ = machine.wait(2, at: .seconds(3))
        let early = machine.tick(at: .seconds(6) - .microseconds(1))
        #expect(early.answers.isEmpty && early.alarm == .seconds(6))
        let late = machine.tick(at: .seconds(6))
        #expect(late.answers.map(\.waiter) == [1])
        guard case .failure(.timedOut(inUse: 2, waited: .seconds(5))) = late.answers[0].answer else {
            throw Unexpected()
        }
        #expect(late.alarm == .seconds(8))
    }

    @Test("an overflow connection closes after five seconds without use, the one that was idle for longest first")
    func overflow() throws {
        var machine = try Self.machine(size: 1, maxOverflow: 2)
        let members = try (1...3).map { try Self.open($0, in: &machine) }
        for (second, member) in members.enumerated() { _ = machine.release(member, at: .seconds(second)) }
        #expect(machine.tick(at: .seconds(5) - .microseconds(1)).closed.isEmpty)
        let first = machine.tick(at: .seconds(5))
        #expect(first.closed == [1] && first.alarm == .seconds(6))
        #expect(machine.tick(at: .seconds(6)).closed == [2])
        #expect(machine.tick(at: .seconds(600)).closed.isEmpty)
        #expect(machine.state(at: .zero).idle == 1)
    }

    @Test("a connection that is too old is closed while it is idle and when it comes back, not while it is in use")
    func recycle() throws {
        var machine = try Self.machine(size: 3, recycle: .seconds(60))
        let members = try (1...3).map { try Self.open($0, in: &machine) }
        #expect(machine.release(members[0], at: .seconds(10)).alarm == .seconds(60))
        _ = machine.release(members[1], at: .seconds(59))
        // Found to be too old before the alarm rings.
        guard case .open(_, closing: 2)? = try machine.acquire(at: .seconds(60)) else { throw Unexpected() }
        #expect(machine.tick(at: .seconds(61)).closed == [1])
        #expect(machine.state(at: .zero).inUse == 2)
        _ = machine.wait(1, at: .seconds(62))
        let back = machine.release(members[2], at: .seconds(62))
        #expect(back.closed == [3])
        guard case .success(.open) = back.answers[0].answer else { throw Unexpected() }
    }

    @Test("closing refuses all, closes what is idle, and is done when the last connection is back")
    func close() throws {
        var machine = try Self.machine(size: 3, maxOverflow: 0)
        let members = try (1...2).map { try Self.open($0, in: &machine) }
        guard case .open(let place, nil)? = try machine.acquire(at: .zero) else { throw Unexpected() }
        _ = machine.wait(9, at: .zero)
        let effects = machine.close(at: .seconds(1))
        #expect(effects.closed.isEmpty && effects.answers.map(\.waiter) == [9] && !machine.isDrained)
        guard case .failure(.closed) = effects.answers[0].answer else { throw Unexpected() }
        #expect(throws: Machine.Refusal.self) { try Self.expectNone(of: &machine) }
        let late = machine.opened(3, in: place, at: .seconds(1))
        #expect(late == nil)
        _ = machine.giveUp(place, at: .seconds(1))
        #expect(machine.release(members[1], at: .seconds(2)).closed == [2])
        #expect(machine.lentConnections == [1] && !machine.isDrained)
        #expect(machine.release(members[0], at: .seconds(3)).closed == [1])
        #expect(machine.isDrained)
    }

    @Test("closing closes what is idle at once")
    func closeIdle() throws {
        var machine = try Self.machine()
        let member = try Self.open(1, in: &machine)
        _ = machine.release(member, at: .zero)
        #expect(machine.close(at: .zero).closed == [1])
        #expect(machine.isDrained)
    }

    @Test("keeps its bounds and its order whatever happens in whatever order")
    func random() throws {
        var random = TestSeed.generator()
        for round in 0..<200 {
            var run = try RandomPoolRun(using: &random)
            for _ in 0..<300 { try run.step(using: &random) }
            try run.finish("seed \(TestSeed.value), round \(round)")
        }
    }
}
