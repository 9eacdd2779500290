import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

@Suite("Waits between requests")
struct RetrySettingsTests {
    @Test("are drawn from all of a span that doubles from 30 ms up to 5 s")
    func fullJitter() {
        var random = TestSeed.generator()
        let longest: [(failures: Int, milliseconds: Int)] = [
            (1, 30), (2, 60), (3, 120), (4, 240), (8, 3_840), (9, 5_000), (1_000, 5_000), (.max, 5_000),
        ]
        for (failures, milliseconds) in longest {
            let limit = Duration.milliseconds(milliseconds)
            let waits = (0..<400).map { _ in RetrySettings.standard.backoff(after: failures, using: &random) }
            #expect(waits.allSatisfy { $0 >= .microseconds(500) && $0 <= limit })
            #expect(waits.contains { $0 < limit / 10 } && waits.contains { $0 > limit * 9 / 10 })
        }
    }

    @Test("are refused when they make no sense")
    func refused() throws {
        #expect(throws: InvalidValue.self) { try RetrySettings(firstBackoff: .zero) }
        #expect(throws: InvalidValue.self) { try RetrySettings(firstBackoff: .seconds(6)) }
        #expect(throws: InvalidValue.self) { try RetrySettings(longestBackoff: .milliseconds(29)) }
        #expect(throws: InvalidValue.self) { try RetrySettings(longestPause: .seconds(4)) }
        #expect(throws: InvalidValue.self) { try RetrySettings(longestPause: .seconds(86_401)) }
        #expect(throws: InvalidValue.self) { try RetrySettings(maximumBatchAge: .zero) }
        #expect(try RetrySettings() == .standard)
    }

    @Test("belong to a configuration whose numbers make sense")
    func configuration() throws {
        let endpoint = try PrometheusEndpoint("http://localhost:9090", environment: [:])
        #expect(throws: InvalidValue.self) { try RemoteWriteConfiguration(endpoint, samplesPerRequest: 0) }
        #expect(throws: InvalidValue.self) { try RemoteWriteConfiguration(endpoint, batchDeadline: .seconds(-1)) }
        #expect(throws: InvalidValue.self) { try RemoteWriteConfiguration(endpoint, maximumSampleAge: .zero) }
        let standard = try RemoteWriteConfiguration(endpoint)
        #expect(standard.samplesPerRequest == 2_000 && standard.maximumSampleAge == .seconds(3_300))
    }
}
