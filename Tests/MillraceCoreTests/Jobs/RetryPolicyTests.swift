import Foundation
import MillraceCore
import MillraceTesting
import Testing

@Suite struct RetryPolicyTests {
    private static let retries = [1, 2, 3, 7, 62, 63, 64, 65, 1_000, 10_000, Int.max]

    @Test("An exponential delay lies between zero and the doubled base, never over the cap", arguments: retries)
    func exponentialBounds(retry: Int) {
        var generator = TestSeed.generator()
        let policy = RetryPolicy.exponential()
        let bound = retry < 7 ? Duration.seconds(1 << (retry - 1)) : .seconds(60)
        for _ in 0..<200 {
            let delay = policy.delay(beforeRetry: retry, using: &generator)
            #expect((.zero...bound).contains(delay))
        }
    }

    @Test("The jitter is full: delays fill the whole range evenly")
    func jitter() {
        var generator = TestSeed.generator()
        let policy = RetryPolicy.exponential(base: .seconds(1), cap: .seconds(60))
        let delays = (0..<4_000).map { _ in policy.delay(beforeRetry: 4, using: &generator).inSeconds }
        for quarter in 0..<4 {
            let range = Double(quarter) * 2..<Double(quarter + 1) * 2
            // 1,000 are expected with a deviation of 27.
            #expect((800...1_200).contains(delays.count { range.contains($0) }))
        }
    }

    @Test(
        "A linear delay grows by the base up to the cap, without jitter",
        arguments: [(1, 2), (2, 4), (3, 6), (5, 9), (10_000, 9), (Int.max, 9), (0, 2), (-5, 2)])
    func linear(retry: Int, seconds: Int) {
        var generator = SeededGenerator(seed: 1)
        let policy = RetryPolicy.linear(base: .seconds(2), cap: .seconds(9))
        #expect(policy.delay(beforeRetry: retry, using: &generator) == .seconds(seconds))
    }

    @Test("A fixed delay is always the same", arguments: [0, 1, 2, 10_000])
    func fixed(retry: Int) {
        var generator = SeededGenerator(seed: 1)
        #expect(
            RetryPolicy.fixed(.milliseconds(250)).delay(beforeRetry: retry, using: &generator) == .milliseconds(250))
    }

    @Test(
        "Delays that are too long for any clock do not overflow",
        arguments: [
            .exponential(base: .seconds(Int64.max), cap: .seconds(Int64.max)),
            .exponential(base: .microseconds(1), cap: .seconds(Int64.max)),
            .linear(base: .seconds(Int64.max), cap: .seconds(Int64.max)), .fixed(.seconds(Int64.max)),
        ] as [RetryPolicy], [1, 64, 10_000])
    func huge(policy: RetryPolicy, retry: Int) {
        var generator = SeededGenerator(seed: 1)
        #expect(policy.delay(beforeRetry: retry, using: &generator) >= .zero)
    }

    @Test(
        "Negative lengths count as none",
        arguments: [
            .exponential(base: .seconds(-1)), .exponential(cap: .seconds(-1)), .linear(base: .seconds(-1)),
            .fixed(.seconds(-1)), .fixed(.zero), .exponential(base: .zero),
        ] as [RetryPolicy])
    func negative(policy: RetryPolicy) {
        var generator = SeededGenerator(seed: 1)
        #expect(policy.delay(beforeRetry: 3, using: &generator) == .zero)
    }

    @Test(
        "What a store gives back is the same policy, and damaged settings neither crash nor go below zero",
        arguments: ["exponential", "linear", "fixed"])
    func stored(growth: String) throws {
        var generator = SeededGenerator(seed: 1)
        for numbers in [(-1, 5), (5, -1), (-1, -1), (1e300, 1e300), (1e300, 60)] as [(Double, Double)] {
            let json = #"{"growth":"\#(growth)","baseSeconds":\#(numbers.0),"capSeconds":\#(numbers.1)}"#
            let policy = try JSONDecoder().decode(RetryPolicy.self, from: Data(json.utf8))
            #expect(policy.delay(beforeRetry: 2, using: &generator) >= .zero)
        }
        let policy = RetryPolicy.linear(base: .seconds(3))
        #expect(try JSONDecoder().decode(RetryPolicy.self, from: JSONEncoder().encode(policy)) == policy)
    }

    @Test("A queue gives three retries to jobs that say nothing else")
    func settings() throws {
        let settings = QueueSettings()
        #expect(settings.maxRetries == 3)
        #expect(try JSONDecoder().decode(QueueSettings.self, from: JSONEncoder().encode(settings)) == settings)
    }
}
