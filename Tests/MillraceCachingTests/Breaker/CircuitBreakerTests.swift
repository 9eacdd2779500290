import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

@Suite struct CircuitBreakerTests {
    private let start = Timestamp(microseconds: 0)

    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker(.init(failures: 3, pause: .seconds(1), longestPause: .seconds(4)))
        for _ in 0..<3 { breaker.report(.failed, at: start) }
        return breaker
    }

    @Test func `asks until so many have failed in a row`() {
        var breaker = CircuitBreaker(.init(failures: 3))
        for result in [.failed, .failed, .answered, .failed, .abandoned, .failed] as [CircuitBreaker.Result] {
            #expect(breaker.permission(at: start) == .ask)
            breaker.report(result, at: start)
        }
        #expect(breaker.permission(at: start) == .ask)
        breaker.report(.failed, at: start)
        #expect(breaker.permission(at: start) == .skip(for: .seconds(1)))
    }

    @Test func `lets one through when the pause is over, and waits for what becomes of it`() {
        var breaker = opened()
        #expect(breaker.permission(at: start + .milliseconds(999)) == .skip(for: .milliseconds(1)))
        #expect(breaker.permission(at: start + .seconds(1)) == .ask)
        for _ in 0..<3 { #expect(breaker.permission(at: start + .seconds(9)) != .ask) }
        breaker.report(.answered, at: start + .seconds(9))
        for _ in 0..<3 { #expect(breaker.permission(at: start + .seconds(9)) == .ask) }
    }

    @Test func `pauses twice as long after each probe that fails, up to a limit`() {
        var breaker = opened()
        var now = start
        for pause in [1, 2, 4, 4] {
            #expect(breaker.permission(at: now + .seconds(pause) - .microseconds(1)) != .ask)
            now = now + .seconds(pause)
            #expect(breaker.permission(at: now) == .ask)
            breaker.report(.failed, at: now)
        }
    }

    @Test func `a probe whose asker went away leaves the next one to try`() {
        var breaker = opened()
        #expect(breaker.permission(at: start + .seconds(1)) == .ask)
        breaker.report(.abandoned, at: start + .seconds(1))
        #expect(breaker.permission(at: start + .seconds(1)) == .ask)
    }

    @Test func `what was asked before it opened changes nothing`() {
        var breaker = opened()
        breaker.report(.answered, at: start)
        breaker.report(.failed, at: start + .milliseconds(900))
        #expect(breaker.permission(at: start + .milliseconds(500)) != .ask)
        #expect(breaker.permission(at: start + .seconds(1)) == .ask)
    }

    @Test(arguments: 0..<20)
    func `never lets two probe at once, and never stays shut when all is answered`(run: UInt64) {
        var random = SeededGenerator(seed: TestSeed.value &+ run)
        var breaker = CircuitBreaker(.init(failures: 2, pause: .seconds(1), longestPause: .seconds(8)))
        var now = start
        var failuresInARow = 0
        for _ in 0..<2_000 {
            now = now + .milliseconds(Int.random(in: 0...700, using: &random))
            guard breaker.permission(at: now) == .ask else {
                #expect(failuresInARow >= 2, "seed \(TestSeed.value), run \(run)")
                continue
            }
            // Half-open, nobody else may ask before the probe is back.
            if failuresInARow >= 2 { #expect(breaker.permission(at: now + .seconds(60)) != .ask) }
            let result: CircuitBreaker.Result = Bool.random(using: &random) ? .answered : .failed
            failuresInARow = result == .answered ? 0 : failuresInARow + 1
            breaker.report(result, at: now)
        }
        now = now + .seconds(8)
        #expect(breaker.permission(at: now) == .ask)
        breaker.report(.answered, at: now)
        #expect(breaker.permission(at: now) == .ask)
    }
}
