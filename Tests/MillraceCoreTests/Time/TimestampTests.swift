import Foundation
import MillraceCore
import Testing

@Suite struct TimestampTests {
    @Test(
        "A duration is added and taken away in whole microseconds, rounded towards zero",
        arguments: [
            (.seconds(1), 1_000_000), (.milliseconds(-3), -3_000), (.nanoseconds(1_999), 1), (.nanoseconds(-1_999), -1),
            (.nanoseconds(999), 0), (.zero, 0), (.seconds(86_400 * 36_500), 3_153_600_000_000_000),
        ] as [(Duration, Int64)])
    func arithmetic(duration: Duration, microseconds: Int64) {
        #expect(duration.wholeMicroseconds == microseconds)
        let time = Timestamp.after(0)
        #expect((time + duration).microseconds == time.microseconds + microseconds)
        #expect((time - duration).microseconds == time.microseconds - microseconds)
        #expect((time + duration) - time == .microseconds(microseconds))
        #expect(time - (time + duration) == .microseconds(-microseconds))
    }

    @Test(
        "Whole microseconds are clamped to what fits",
        arguments: [
            (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
            (.microseconds(Int64.max), .max), (.microseconds(Int64.min), .min),
            (.microseconds(Int64.max) + .microseconds(1), .max), (.microseconds(Int64.min) - .microseconds(1), .min),
            (.microseconds(Int64.max) + .nanoseconds(999), .max),
        ] as [(Duration, Int64)])
    func clamps(duration: Duration, microseconds: Int64) {
        #expect(duration.wholeMicroseconds == microseconds)
    }

    @Test("Times beyond what fits are the last and the first that do")
    func saturates() {
        let (first, last) = (Timestamp(microseconds: .min), Timestamp(microseconds: .max))
        #expect(last + .seconds(1) == last)
        #expect(first - .seconds(1) == first)
        #expect(Timestamp.after(0) + .seconds(Int64.max) == last)
        #expect(Timestamp.after(0) - .seconds(Int64.max) < .zero)
        #expect(last - .seconds(Int64.min) == last)
        #expect(last - first == .microseconds(Int64.max) - .microseconds(Int64.min))
    }

    @Test("Times are ordered, before 1970 too")
    func order() {
        #expect([Timestamp.after(1), .zero, Timestamp(microseconds: -1)].sorted().map(\.microseconds).first == -1)
        #expect(Timestamp.zero < .after(0) && !(Timestamp.zero < .zero))
    }

    @Test("It is coded as a bare integer")
    func codes() throws {
        let data = try JSONEncoder().encode([Timestamp(microseconds: -5)])
        #expect(String(decoding: data, as: UTF8.self) == "[-5]")
        #expect(try JSONDecoder().decode([Timestamp].self, from: data) == [Timestamp(microseconds: -5)])
    }

    @Test("A duration in seconds is a plain number")
    func inSeconds() {
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
        #expect(Duration.milliseconds(-250).inSeconds == -0.25)
    }

    @Test("The host's clock tells a time after this was written and does not stand")
    func systemClock() {
        let clock = SystemWallClock()
        let first = clock.now()
        #expect(first > .after(0))
        #expect(clock.now() >= first)
    }
}
