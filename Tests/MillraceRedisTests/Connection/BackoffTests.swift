import MillraceTesting
import Testing

@testable import MillraceRedis

@Suite struct BackoffTests {
    @Test func `pauses grow with the failures, are drawn, and have an end`() {
        var generator = TestSeed.generator()
        let limits = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000]
        var longest = limits.map { _ in Duration.zero }
        for _ in 0..<500 {
            var backoff = Backoff()
            for (number, limit) in limits.enumerated() {
                let pause = backoff.fail(using: &generator)
                #expect((.milliseconds(10) ... .milliseconds(limit)).contains(pause))
                longest[number] = max(longest[number], pause)
            }
            backoff.succeed()
            #expect(backoff.fail(using: &generator) <= .milliseconds(50))
        }
        for (longest, limit) in zip(longest, limits) { #expect(longest > .milliseconds(limit * 9 / 10)) }
    }
}
