import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct RequestPaceTests {
    private var generator = SeededGenerator(seed: 1)

    private func pace(
        atOnce: Int = 8, backoff: RetryPolicy = .fixed(.seconds(1)), limit: Duration = .seconds(3_600),
        outage: Duration = .seconds(600)
    ) -> RequestPace {
        RequestPace(
            RequestPace.Settings(mostAtOnce: atOnce, backoff: backoff, longestLimit: limit, longestOutage: outage))
    }

    /// Starts so many requests, all of which must go.
    private func start(_ count: Int, _ pace: inout RequestPace, at now: Duration) throws -> [RequestPace.Ticket] {
        try (0..<count).map { _ in
            guard case .go(let ticket) = pace.enter(at: now) else { throw Held() }
            return ticket
        }
    }

    private struct Held: Error {}

    private mutating func leave(
        _ ticket: RequestPace.Ticket, _ outcome: RequestPace.Outcome, _ pace: inout RequestPace, at now: Duration
    ) -> Duration? {
        pace.leave(ticket, outcome, at: now, using: &generator)?.1
    }

    @Test mutating func `no more run at once than may`() throws {
        var pace = pace(atOnce: 2)
        let tickets = try start(2, &pace, at: .zero)
        #expect(pace.enter(at: .zero) == .queue)
        #expect(leave(tickets[0], .success, &pace, at: .zero) == nil)
        _ = try start(1, &pace, at: .zero)
        #expect(pace.enter(at: .zero) == .queue)
    }

    @Test mutating func `a refusal closes the way for the time that was named, and halves what runs at once`() throws {
        var pace = pace()
        let tickets = try start(8, &pace, at: .zero)
        #expect(leave(tickets[0], .limited(retryAfter: .seconds(10)), &pace, at: .seconds(1)) == .seconds(10))
        for ticket in tickets.dropFirst() { _ = leave(ticket, .neutral, &pace, at: .seconds(1)) }
        #expect(pace.enter(at: .seconds(1)) == .wait(until: .seconds(11)))
        #expect(pace.enter(at: .milliseconds(10_999)) == .wait(until: .seconds(11)))
        _ = try start(4, &pace, at: .seconds(11))
        #expect(pace.enter(at: .seconds(11)) == .queue)
    }

    @Test mutating func `refusals of requests that went out before count once`() throws {
        var pace = pace()
        let tickets = try start(8, &pace, at: .zero)
        for ticket in tickets { _ = leave(ticket, .limited(retryAfter: nil), &pace, at: .zero) }
        #expect(pace.window == 4)
        #expect(pace.enter(at: .zero) == .wait(until: .seconds(1)))
    }

    @Test mutating func `a longer wait counts whenever it is named, a shorter one does not`() throws {
        var pace = pace()
        let tickets = try start(3, &pace, at: .zero)
        #expect(leave(tickets[0], .limited(retryAfter: .seconds(5)), &pace, at: .zero) == .seconds(5))
        #expect(leave(tickets[1], .limited(retryAfter: .seconds(2)), &pace, at: .zero) == nil)
        #expect(leave(tickets[2], .limited(retryAfter: .seconds(9)), &pace, at: .zero) == .seconds(9))
        #expect(pace.enter(at: .zero) == .wait(until: .seconds(9)))
    }

    @Test mutating func `without a time the wait grows from refusal to refusal, until a success`() throws {
        var pace = pace(backoff: .linear(base: .seconds(1)))
        var now = Duration.zero
        for wait in 1...3 {
            let ticket = try start(1, &pace, at: now)[0]
            #expect(leave(ticket, .limited(retryAfter: nil), &pace, at: now) == .seconds(wait))
            now += .seconds(wait)
        }
        _ = leave(try start(1, &pace, at: now)[0], .success, &pace, at: now)
        #expect(leave(try start(1, &pace, at: now)[0], .limited(retryAfter: nil), &pace, at: now) == .seconds(1))
    }

    @Test mutating func `an API that says 0 and refuses all the same is not asked in a loop`() throws {
        var pace = pace()
        #expect(leave(try start(1, &pace, at: .zero)[0], .limited(retryAfter: .zero), &pace, at: .zero) == nil)
        #expect(
            leave(try start(1, &pace, at: .zero)[0], .limited(retryAfter: .zero), &pace, at: .zero) == .seconds(1))
    }

    @Test mutating func `one request at least goes out, and successes bring back all`() throws {
        var pace = pace(atOnce: 16)
        var now = Duration.zero
        for _ in 0..<10 {
            _ = leave(try start(1, &pace, at: now)[0], .limited(retryAfter: .seconds(1)), &pace, at: now)
            now += .seconds(10)
        }
        #expect(pace.window == 1)
        var successes = 0
        while pace.window < 16, successes < 1_000 {
            _ = leave(try start(1, &pace, at: now)[0], .success, &pace, at: now)
            successes += 1
        }
        // One more for as many successes as run at once: 1 + 2 + … + 15, and a little.
        #expect((100...160).contains(successes), "\(successes)")
        _ = try start(16, &pace, at: now)
        #expect(pace.enter(at: now) == .queue)
    }

    @Test mutating func `a few faults are nothing special, more in a row close the way longer and longer`() throws {
        var pace = pace(backoff: .linear(base: .seconds(1)))
        var now = Duration.zero
        let waits = try (0..<5).map { _ in
            let wait = leave(try start(1, &pace, at: now)[0], .fault, &pace, at: now)
            now += wait ?? .zero
            return wait
        }
        #expect(waits == [nil, nil, .seconds(1), .seconds(2), .seconds(3)])
        _ = leave(try start(1, &pace, at: now)[0], .success, &pace, at: now)
        #expect(leave(try start(1, &pace, at: now)[0], .fault, &pace, at: now) == nil)
    }

    @Test mutating func `what would take too long is given up, and the next after it is tried`() throws {
        var pace = pace(limit: .seconds(60))
        _ = leave(try start(1, &pace, at: .zero)[0], .limited(retryAfter: .seconds(61)), &pace, at: .zero)
        #expect(pace.enter(at: .seconds(1)) == .giveUp(.limit, wait: .seconds(60)))
        _ = try start(1, &pace, at: .seconds(61))
    }

    @Test mutating func `an outage ends in giving up, and in a request now and then`() throws {
        var pace = pace(backoff: .fixed(.seconds(20)), outage: .seconds(60))
        var now = Duration.zero
        var waits = 0
        for _ in 0..<2 { _ = leave(try start(1, &pace, at: now)[0], .fault, &pace, at: now) }
        while true {
            _ = leave(try start(1, &pace, at: now)[0], .fault, &pace, at: now)
            guard case .wait(let end) = pace.enter(at: now) else { break }
            waits += 1
            now = end
        }
        #expect(waits == 3)
        #expect(pace.enter(at: now) == .giveUp(.outage, wait: .seconds(20)))
        now += .seconds(20)
        _ = leave(try start(1, &pace, at: now)[0], .success, &pace, at: now)
        _ = try start(1, &pace, at: now)
    }

    @Test mutating func `a limit of long ago is no part of the next`() throws {
        var pace = pace(limit: .seconds(7_200))
        _ = leave(try start(1, &pace, at: .zero)[0], .limited(retryAfter: .seconds(5)), &pace, at: .zero)
        let later = Duration.seconds(40_000)
        #expect(
            leave(try start(1, &pace, at: later)[0], .limited(retryAfter: nil), &pace, at: later) == .seconds(1))
        #expect(pace.enter(at: later) == .wait(until: later + .seconds(1)))
    }

    @Test mutating func `an outage of long ago is no part of the next`() throws {
        var pace = pace()
        for second in 0..<3 {
            let now = Duration.seconds(second)
            _ = leave(try start(1, &pace, at: now)[0], .fault, &pace, at: now)
        }
        let later = Duration.seconds(700)
        #expect(leave(try start(1, &pace, at: later)[0], .fault, &pace, at: later) == nil)
        _ = try start(1, &pace, at: later)
    }

    @Test mutating func `trouble is not forgotten while a request is long in coming back`() throws {
        var pace = pace(backoff: .fixed(.seconds(1)), outage: .seconds(60))
        for _ in 0..<3 { _ = leave(try start(1, &pace, at: .zero)[0], .fault, &pace, at: .zero) }
        let slow = try start(1, &pace, at: .seconds(1))[0]
        #expect(leave(slow, .fault, &pace, at: .seconds(90)) == .seconds(1))
        #expect(pace.enter(at: .seconds(90)) == .giveUp(.outage, wait: .seconds(1)))
    }

    @Test mutating func `in any order of events no more run than may, and none while the way is closed`() throws {
        var random = TestSeed.generator()
        for _ in 0..<200 {
            var pace = pace(atOnce: 5, backoff: .exponential())
            var tickets: [RequestPace.Ticket] = []
            var now = Duration.zero
            var closedUntil = Duration.zero
            for _ in 0..<200 {
                now += .milliseconds(Int.random(in: 0...500, using: &random))
                if Bool.random(using: &random) {
                    switch pace.enter(at: now) {
                    case .go(let ticket):
                        #expect(now >= closedUntil)
                        tickets.append(ticket)
                    case .wait(let end): #expect(end > now)
                    case .queue: #expect(!tickets.isEmpty)
                    case .giveUp: break
                    }
                } else if let index = tickets.indices.randomElement(using: &random) {
                    let outcomes: [RequestPace.Outcome] = [
                        .success, .fault, .neutral, .limited(retryAfter: nil), .limited(retryAfter: .seconds(2)),
                    ]
                    let outcome = outcomes.randomElement(using: &random) ?? .success
                    if let (_, wait) = pace.leave(tickets.remove(at: index), outcome, at: now, using: &random) {
                        closedUntil = max(closedUntil, now + wait)
                    }
                }
                #expect(tickets.count == pace.running && pace.running <= 5)
                #expect((1...5).contains(pace.window))
            }
        }
    }
}
