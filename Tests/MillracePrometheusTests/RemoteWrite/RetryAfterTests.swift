import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

@Suite("Retry-After")
struct RetryAfterTests {
    /// 2026-01-01T00:00:00Z.
    private static let now = ManualClock.standardStart

    @Test(
        "is understood as seconds and as a date of each form; anything else is as none",
        arguments: [
            ("7", 7), ("0", 0), (" 120 ", 120), ("99999999999999999999", 31_536_000),
            ("Thu, 01 Jan 2026 00:00:30 GMT", 30), ("Thursday, 01-Jan-26 00:00:30 GMT", 30),
            ("Thu Jan  1 00:00:30 2026", 30), ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
            ("Thu, 01 Jan 2099 00:00:00 GMT", 31_536_000),
            ("-5", nil), ("1.5", nil), ("", nil), ("soon", nil), ("1e3", nil), ("٣", nil), ("0x10", nil),
        ] as [(String, Int?)])
    func forms(text: String, seconds: Int?) {
        #expect(RetryAfter.delay(text, date: nil, at: Self.now) == seconds.map { .seconds($0) })
    }

    @Test("counts from the server's own date, whose clock may be wrong")
    func skewedClock() {
        let wait = RetryAfter.delay(
            "Thu, 01 Jan 2015 00:01:00 GMT", date: "Thu, 01 Jan 2015 00:00:48 GMT", at: Self.now)
        #expect(wait == .seconds(12))
        #expect(RetryAfter.delay("Thu, 01 Jan 2026 00:00:30 GMT", date: "now", at: Self.now) == .seconds(30))
    }

    @Test("is none when the header is missing")
    func missing() {
        #expect(RetryAfter.delay(nil, date: "Thu, 01 Jan 2015 00:00:48 GMT", at: Self.now) == nil)
    }
}
