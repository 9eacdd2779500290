import MillraceTesting
import NIOCore
import Testing

@testable import MillraceRedis

@Suite struct ClientStateTests {
    private typealias State = ClientState<Int, String>

    private var state = State(limit: 10)
    private var generator = TestSeed.generator()
    /// Commands that callers have written by themselves, since somebody last looked.
    private var written = 0

    private func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    /// Takes a call on; `nil` when it was, else why not.
    private mutating func submit(_ number: Int, at now: Int64, repeatable: Bool = false) -> RedisError.Code? {
        let call = CallQueue<Int>.Call(
            command: RedisCommand("ECHO", .integer(Int64(number))), caller: number, deadline: at(now + 1_000),
            isRepeatable: repeatable)
        switch state.submit([call], at: at(now)) {
        case .taken: return nil
        case .write(_, _, let commands, let generation):
            written += commands.count
            _ = state.wrote(generation)
            return nil
        case .refused(let error): return error.code
        }
    }

    /// What is done next, and what callers have done since.
    private mutating func step(at now: Int64) -> String {
        defer { written = 0 }
        switch state.next(at: at(now), isWritable: { _ in true }) {
        case .nothing: return written == 0 ? "nothing" : "\(state.link ?? ""): \(written)"
        case .connect(let generation): return "connect \(generation)"
        case .write(let link, let commands): return "\(link): \(written + commands.count)"
        }
    }

    private mutating func end(_ code: RedisError.Code, _ generation: Int, at now: Int64) -> State.End {
        state.ended(RedisError(code, "gone"), generation, at: at(now), using: &generator)
    }

    /// Makes the first connection.
    private mutating func connect(at now: Int64) {
        #expect(submit(0, at: now) == nil && step(at: now) == "connect 1")
        #expect(state.connected("a", 1, at: at(now)) == true)
        #expect(step(at: now) == "a: 1")
        #expect(state.receive([.null], 1, at: at(now)).answers.map(\.0) == [0])
    }

    @Test mutating func `nothing is connected before the first call, and one connection serves all`() {
        #expect(step(at: 0) == "nothing")
        #expect(submit(1, at: 0) == nil && step(at: 0) == "connect 1")
        #expect(submit(2, at: 0) == nil && step(at: 0) == "nothing")
        #expect(state.connected("a", 1, at: at(0)) && step(at: 0) == "a: 2")
        #expect(state.receive([.integer(1), .integer(2)], 1, at: at(1)).answers.map(\.0) == [1, 2])
    }

    @Test mutating func `a server that is away fails calls at once; after a pause one tries, and only that one waits`()
    {
        #expect(submit(1, at: 0) == nil && step(at: 0) == "connect 1")
        let first = end(.connectionFailed, 1, at: 0)
        #expect(first.refused.map(\.caller) == [1] && first.reason.code == .connectionFailed)
        #expect(submit(2, at: 5) == .connectionFailed)
        // The first pause is 50 ms at most.
        #expect(submit(3, at: 60) == nil && step(at: 60) == "connect 2")
        #expect(submit(4, at: 61) == .connectionFailed)
        #expect(state.connected("b", 2, at: at(62)) == true)
        #expect(submit(5, at: 63) == nil && step(at: 63) == "b: 2")
    }

    @Test mutating func `a connection that had worked is made anew at once, and what waits waits for it`() {
        connect(at: 0)
        #expect(submit(1, at: 1, repeatable: true) == nil && submit(2, at: 1) == nil && step(at: 1) == "a: 2")
        #expect(submit(3, at: 2) == nil)
        let end = end(.connectionLost, 1, at: 3)
        #expect(end.losses.map(\.caller) == [2] && end.refused.isEmpty && end.isToRetry)
        #expect(step(at: 3) == "connect 2" && submit(4, at: 3) == nil)
        #expect(state.connected("b", 2, at: at(4)) && step(at: 4) == "b: 3")
    }

    @Test mutating func `what an old connection says late changes nothing`() {
        connect(at: 0)
        #expect(submit(1, at: 1, repeatable: true) == nil)
        _ = end(.connectionLost, 1, at: 1)
        #expect(step(at: 1) == "connect 2")
        #expect(state.receive([.null], 1, at: at(2)).answers.isEmpty)
        #expect(end(.connectionLost, 1, at: 2).refused.isEmpty)
        #expect(state.connected("a", 1, at: at(2)) == false)
        #expect(state.connected("b", 2, at: at(2)) && step(at: 2) == "b: 1")
    }

    @Test mutating func `who finds nothing under way writes by himself, and others wait until he has`() {
        connect(at: 0)
        let call = CallQueue<Int>.Call(
            command: RedisCommand("PING"), caller: 1, deadline: at(1_000), isRepeatable: false)
        guard case .write(_, "a", let commands, 1) = state.submit([call], at: at(1)) else {
            Issue.record("the caller does not write by itself")
            return
        }
        #expect(commands.count == 1)
        #expect(submit(2, at: 1) == nil && written == 0 && step(at: 1) == "nothing")
        #expect(state.wrote(1) == true)
        #expect(step(at: 1) == "a: 1")
        #expect(state.receive([.integer(1), .integer(2)], 1, at: at(2)).answers.map(\.0) == [1, 2])
        #expect(submit(3, at: 3) == nil && written == 1)
        _ = state.receive([.null], 1, at: at(3))
        // A caller that is late says so of a connection that is gone.
        _ = end(.connectionLost, 1, at: 4)
        #expect(submit(4, at: 4) == nil && step(at: 4) == "connect 2")
        #expect(state.connected("b", 2, at: at(5)) && !state.wrote(1) && step(at: 5) == "b: 1")
    }

    @Test mutating func `where many come at a time nobody writes by himself`() {
        connect(at: 0)
        #expect(submit(1, at: 1) == nil && written == 1)
        #expect(submit(2, at: 1) == nil && submit(3, at: 1) == nil && written == 1 && step(at: 1) == "a: 3")
        _ = state.receive([.null, .null, .null], 1, at: at(2))
        #expect(submit(4, at: 3) == nil && written == 0 && step(at: 3) == "a: 1")
        _ = state.receive([.null], 1, at: at(4))
        #expect(submit(5, at: 5) == nil && written == 1)
    }

    @Test mutating func `what the server says unasked is passed over, and a reply too many is a violation`() {
        connect(at: 0)
        #expect(submit(1, at: 1) == nil && step(at: 1) == "a: 1")
        let received = state.receive([.push([.simpleString("x")]), .integer(1), .integer(2)], 1, at: at(2))
        #expect(received.answers.map(\.0) == [1] && received.answers.map(\.1) == [.integer(1)])
        #expect(received.violation?.code == .connectionLost)
    }

    @Test mutating func `a replica is left when all that was sent is answered, but not at once again`() {
        connect(at: 0)
        let refusal = RESPValue.error(RedisServerError("READONLY You can't write against a read only replica."))
        #expect(submit(1, at: 500) == nil && step(at: 500) == "a: 1")
        #expect(state.receive([refusal], 1, at: at(500)).answers.count == 1 && state.retired == nil)
        #expect(submit(2, at: 1_000) == nil && submit(3, at: 1_000) == nil && step(at: 1_000) == "a: 2")
        #expect(state.receive([refusal], 1, at: at(1_000)).answers.count == 1 && state.retired == nil)
        #expect(submit(4, at: 1_000) == nil && step(at: 1_000) == "nothing")
        #expect(state.receive([.null], 1, at: at(1_001)).answers.count == 1 && state.retired == "a")
        #expect(end(.connectionLost, 1, at: 1_001).isToRetry && step(at: 1_001) == "connect 2")
    }

    @Test mutating func `who is silent to a call that was given up is gone; who is silent to a patient one is not`() {
        connect(at: 0)
        let patient = CallQueue<Int>.Call(
            command: RedisCommand("BLPOP", "k", 60), caller: 1, deadline: at(61_000), isRepeatable: false)
        guard case .write(let id, "a", _, 1) = state.submit([patient], at: at(1_000)) else {
            Issue.record("the caller does not write by itself")
            return
        }
        #expect(state.wrote(1) == false)
        #expect(state.planCheck() == at(1_000))
        #expect(state.check(at(1_000), at: at(1_000)).losses.isEmpty)
        #expect(state.planCheck() == at(61_000))
        #expect(!state.check(at(61_000), at: at(20_000)).isGone)
        #expect(state.abandon(id..<id + 1).map(\.caller) == [1])
        #expect(state.planCheck() == at(6_000))
        #expect(state.check(at(6_000), at: at(20_000)).isGone)
    }

    @Test mutating func `a look at the times is planned once, and a stale one does nothing`() {
        connect(at: 0)
        #expect(state.planCheck() == at(1_000))
        #expect(submit(1, at: 100) == nil && submit(2, at: 200) == nil && step(at: 200) == "a: 2")
        #expect(state.planCheck() == nil)
        #expect(state.check(at(999), at: at(5_000)).losses.isEmpty)
        #expect(state.check(at(1_000), at: at(1_000)).losses.isEmpty)
        #expect(state.planCheck() == at(1_100))
        #expect(state.check(at(1_100), at: at(1_100)).losses.map(\.caller) == [1] && state.timeouts == 1)
    }

    @Test(arguments: [false, true])
    mutating func `a closed client looks at the times no more, though a reply was to come`(isGivenUp: Bool) {
        connect(at: 0)
        let call = CallQueue<Int>.Call(
            command: RedisCommand("PING"), caller: 1, deadline: at(1_000), isRepeatable: false)
        guard case .write(let id, "a", _, 1) = state.submit([call], at: at(1)) else {
            Issue.record("the caller does not write by itself")
            return
        }
        if isGivenUp { _ = state.abandon(id..<id + 1) }
        _ = state.close()
        #expect(state.abandon(id..<id + 1).isEmpty)
        var now = at(0)
        var looks = 0
        while let planned = state.planCheck(), looks < 10 {
            now = max(now, planned)
            #expect(!state.check(planned, at: now).isGone)
            looks += 1
        }
        #expect(looks <= 1)
    }

    @Test mutating func `the more calls there are, the less often their times are looked at`() {
        let count = 20_000
        state = State(limit: count)
        connect(at: 0)
        // One after another runs out of time, within a tenth of a second.
        for number in 0..<count {
            let call = CallQueue<Int>.Call(
                command: RedisCommand("PING"), caller: number, deadline: at(1_000) + .microseconds(Int64(number) * 5),
                isRepeatable: false)
            guard case .refused = state.submit([call], at: at(1)) else { continue }
            Issue.record("a call is refused")
        }
        _ = state.wrote(1)
        // Who is to be answered keeps his place.
        while case .write = state.next(at: at(1), isWritable: { _ in true }) {}
        var looks = 0
        var ended: [Int] = []
        var latest = TimeAmount.zero
        while ended.count < count, let planned = state.planCheck() {
            looks += 1
            let losses = state.check(planned, at: planned).losses
            for loss in losses { latest = max(latest, planned - (at(1_000) + .microseconds(Int64(loss.caller) * 5))) }
            ended += losses.map(\.caller)
        }
        #expect(ended == Array(0..<count))
        // Each visits all of them: a microsecond of rest is due for each.
        #expect(looks <= 100 / 20 + 2)
        #expect(latest <= .milliseconds(20))
    }

    @Test mutating func `more than is allowed is refused, and a closed client refuses everything`() {
        for number in 0..<10 { #expect(submit(number, at: 0) == nil) }
        #expect(submit(10, at: 0) == .overloaded)
        state.takeNoMore()
        #expect(submit(11, at: 0) == .closed)
        #expect(state.close().map(\.caller) == Array(0..<10))
        #expect(submit(12, at: 0) == .closed && step(at: 0) == "nothing")
    }
}
