import MillraceCore
import Testing

@Suite struct TTLTests {
    @Test(
        "A TTL between a microsecond and 100 years is taken",
        arguments: [.microseconds(1), .seconds(1), .seconds(30 * 86_400), .seconds(36_500 * 86_400)] as [Duration])
    func accepts(duration: Duration) throws {
        #expect(try TTL(duration).duration == duration)
    }

    @Test("Parts of a microsecond are dropped, as stores do")
    func wholeMicroseconds() throws {
        #expect(try TTL(.nanoseconds(1_999)) == TTL(.microseconds(1)))
    }

    @Test(
        "A TTL that is not positive is refused",
        arguments: [.zero, .nanoseconds(999), .microseconds(-1), .seconds(-1), .seconds(Int64.min)] as [Duration])
    func refusesShort(duration: Duration) {
        #expect(throws: InvalidValue("TTL", "must be positive")) { try TTL(duration) }
    }

    @Test(
        "A TTL of more than 100 years is refused",
        arguments: [
            .seconds(36_500 * 86_400) + .microseconds(1), .seconds(Int64.max),
            .microseconds(Int64.max) + .microseconds(1),
        ] as [Duration])
    func refusesLong(duration: Duration) {
        #expect(throws: InvalidValue("TTL", "must be at most 100 years")) { try TTL(duration) }
    }

    @Test("The shorter comes first")
    func order() {
        #expect(TTL.memoryCap < .standard && TTL.standard < .maximum)
        #expect(TTL.memoryCap.duration == .seconds(300) && TTL.standard.duration == .seconds(2_592_000))
    }
}
