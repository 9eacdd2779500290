import Testing

@testable import MillraceCore

@Suite struct MediaTimeTests {
    @Test(
        "Seconds become whole milliseconds within bounds",
        arguments: [
            (0, 0), (1.2345, 1_235), (0.0004, 0), (12.339999999999999, 12_340), (-3, 0), (-1e300, 0),
            (360_000, 360_000_000), (1e300, 3_600_000_000_000),
        ] as [(Double, Int64)])
    func rounds(seconds: Double, milliseconds: Int64) {
        #expect(MediaTime(seconds: seconds) == MediaTime(milliseconds: milliseconds))
    }

    @Test("What is no number is no time", arguments: [Double.nan, .signalingNaN, .infinity, -.infinity])
    func refuses(seconds: Double) {
        #expect(MediaTime(seconds: seconds) == nil)
    }

    @Test(
        "The clock has at least two digits of hours, and more when they are needed",
        arguments: [
            (0, "00:00:00.000"), (1, "00:00:00.001"), (59_999, "00:00:59.999"), (3_600_000, "01:00:00.000"),
            (359_999_999, "99:59:59.999"), (360_000_000, "100:00:00.000"), (3_600_000_000_000, "1000000:00:00.000"),
        ] as [(Int64, String)])
    func clock(milliseconds: Int64, text: String) {
        #expect(MediaTime(milliseconds: milliseconds).clock(separator: ".") == text)
    }

    @Test(
        "Seconds are printed in as few digits as say them",
        arguments: [
            (0, "0"), (5, "0.005"), (100, "0.1"), (12_340, "12.34"), (12_345, "12.345"), (60_000, "60"),
        ] as [(Int64, String)])
    func shortSeconds(milliseconds: Int64, text: String) {
        #expect(MediaTime(milliseconds: milliseconds).shortSeconds == text)
    }
}
