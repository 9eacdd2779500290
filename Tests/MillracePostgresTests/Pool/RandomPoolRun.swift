import MillraceTesting
import Testing

@testable import MillracePostgres

/// A state machine of the pool under random events, beside a record of what must be so.
struct RandomPoolRun {
    private typealias Machine = PoolStateMachine<Int>

    private let limit: Int
    private var machine: Machine
    private var now = Duration.zero
    private var lent: [Machine.Member] = []
    private var opening: [Machine.Place] = []
    private var waiting: [UInt64] = []
    private var open: Set<Int> = []
    private var lastConnection = 0
    private var lastWaiter: UInt64 = 0
    private var complaints: [String] = []

    init(using random: inout SeededGenerator) throws {
        let size = Int.random(in: 1...4, using: &random)
        let overflow = Int.random(in: 0...3, using: &random)
        limit = size + overflow
        machine = Machine(
            options: try .init(
                size: size, maxOverflow: overflow, timeout: .seconds(Int.random(in: 0...10, using: &random)),
                recycle: .seconds(Int.random(in: 5...60, using: &random))))
    }

    mutating func step(using random: inout SeededGenerator) throws {
        now += .milliseconds(Int.random(in: 0...500, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: try acquire()
        case 4..<6: release(using: &random)
        case 6: opened(using: &random)
        case 7: giveUp(using: &random)
        case 8: cancel(using: &random)
        default: perform(machine.tick(at: now))
        }
        check()
    }

    mutating func finish(_ place: String) throws {
        perform(machine.close(at: now))
        while let place = opening.popLast() { perform(machine.giveUp(place, at: now)) }
        while let member = lent.popLast() { perform(machine.release(member, at: now)) }
        if !open.isEmpty { complaints.append("left open: \(open)") }
        if !waiting.isEmpty { complaints.append("left waiting: \(waiting)") }
        if !machine.isDrained { complaints.append("not drained") }
        #expect(complaints.isEmpty, "\(complaints.first ?? ""), \(place)")
    }

    private mutating func acquire() throws {
        if let grant = try machine.acquire(at: now) {
            if !waiting.isEmpty { complaints.append("somebody was overtaken") }
            return take(grant)
        }
        let state = machine.state(at: now)
        if state.waiting == 0, state.idle > 0 || state.inUse + state.idle < limit {
            complaints.append("had to wait though \(state)")
        }
        lastWaiter += 1
        waiting.append(lastWaiter)
        perform(machine.wait(lastWaiter, at: now))
    }

    private mutating func take(_ grant: Machine.Grant) {
        switch grant {
        case .use(let member, _):
            if !open.contains(member.connection) { complaints.append("\(member.connection) was lent when closed") }
            lent.append(member)
        case .open(let place, let closing):
            if let closing { close(closing) }
            opening.append(place)
        }
    }

    private mutating func release(using random: inout SeededGenerator) {
        guard let index = lent.indices.randomElement(using: &random) else { return }
        let member = lent.remove(at: index)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            close(member.connection)
            perform(machine.giveUp(member.place, at: now))
        case 1:
            close(member.connection)
            machine.broke(member.place)
            opening.append(member.place)
        default:
            perform(machine.release(member, at: now))
        }
    }

    private mutating func opened(using random: inout SeededGenerator) {
        guard let index = opening.indices.randomElement(using: &random) else { return }
        lastConnection += 1
        guard let member = machine.opened(lastConnection, in: opening.remove(at: index), at: now) else {
            return complaints.append("an open pool took no connection")
        }
        open.insert(lastConnection)
        lent.append(member)
    }

    private mutating func giveUp(using random: inout SeededGenerator) {
        guard let index = opening.indices.randomElement(using: &random) else { return }
        perform(machine.giveUp(opening.remove(at: index), at: now))
    }

    private mutating func cancel(using random: inout SeededGenerator) {
        guard let waiter = waiting.randomElement(using: &random) else { return }
        perform(machine.cancel(waiter, at: now))
        if waiting.contains(waiter) { complaints.append("\(waiter) was not told that it was cancelled") }
    }

    private mutating func close(_ connection: Int) {
        if open.remove(connection) == nil { complaints.append("\(connection) was closed twice") }
    }

    private mutating func perform(_ effects: Machine.Effects) {
        for connection in effects.closed { close(connection) }
        for (waiter, answer) in effects.answers {
            if case .success = answer, waiter != waiting.first { complaints.append("\(waiter) was out of turn") }
            guard let index = waiting.firstIndex(of: waiter) else {
                complaints.append("\(waiter) was answered twice")
                continue
            }
            waiting.remove(at: index)
            if case .success(let grant) = answer { take(grant) }
        }
    }

    private mutating func check() {
        let state = machine.state(at: now)
        if state.inUse != lent.count + opening.count { complaints.append("\(state.inUse) are in use") }
        if state.inUse + state.idle > limit { complaints.append("\(state) is more than \(limit)") }
        if state.idle + lent.count != open.count { complaints.append("\(open.count) are open, \(state)") }
        if state.waiting != waiting.count { complaints.append("\(state.waiting) wait, not \(waiting.count)") }
        if state.waiting > 0, state.idle > 0 || state.inUse < limit { complaints.append("waits in vain: \(state)") }
    }
}
