import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct RetryHintTests {
    private func delay(_ headers: [String: String]) -> Duration? {
        // 2026-01-01T00:00:00Z, a Thursday.
        RetryHint.delay({ headers[$0] }, at: ManualClock.standardStart)
    }

    @Test func `Retry-After in seconds`() {
        #expect(delay(["retry-after": "7"]) == .seconds(7))
        #expect(delay(["retry-after": " 0 "]) == .zero)
        #expect(delay(["retry-after": "1.5"]) == .milliseconds(1_500))
    }

    @Test(
        arguments: [
            "Thu, 01 Jan 2026 00:02:00 GMT", "Thursday, 01-Jan-26 00:02:00 GMT", "Thu Jan  1 00:02:00 2026",
        ])
    func `Retry-After as a date in each of its forms`(date: String) {
        #expect(delay(["retry-after": date]) == .seconds(120))
    }

    @Test func `a date counts from the date of the answer, so that clocks may differ`() {
        let date = "Thu, 01 Jan 2026 09:00:30 GMT"
        #expect(delay(["retry-after": date, "date": "Thu, 01 Jan 2026 09:00:00 GMT"]) == .seconds(30))
        #expect(delay(["retry-after": "Wed, 31 Dec 2025 00:00:00 GMT"]) == .zero)
    }

    @Test func `OpenAI's own headers`() {
        #expect(delay(["retry-after-ms": "250", "retry-after": "1"]) == .milliseconds(250))
        let used = ["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"]
        #expect(delay(used) == .milliseconds(62_500))
        #expect(delay(["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"]) == .milliseconds(20))
        #expect(delay(used.merging(["retry-after": "3"]) { $1 }) == .seconds(3))
        #expect(delay(["x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1m0s"]) == nil)
    }

    @Test(arguments: ["", "soon", "-1", "nan", "inf", "1e999", "12:00", "Thu, 99 Jan 2026 00:02:00 GMT"])
    func `what makes no sense is no hint`(text: String) {
        #expect(delay(["retry-after": text]) == nil)
        #expect(delay(["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "\(text)x"]) == nil)
    }

    @Test func `a time beyond all measure is a year`() {
        #expect(delay(["retry-after": "99999999999999999999"]) == .seconds(365 * 86_400))
        #expect(delay(["retry-after": "Thu, 01 Jan 9999 00:00:00 GMT"]) == .seconds(365 * 86_400))
    }
}
