import MillraceCore
import MillraceWorkers
import Testing

@Suite struct LeaseSettingsTests {
    @Test func `the defaults can be written out`() throws {
        #expect(try LeaseSettings() == .standard)
        #expect(
            try LeaseSettings(
                duration: .seconds(10), beatInterval: .seconds(2), rescueInterval: .seconds(2),
                sweepInterval: .seconds(30)) == .standard)
    }

    @Test(arguments: [
        (Duration.zero, Duration.seconds(2), Duration.seconds(2), Duration.seconds(30)),
        (.seconds(10), .zero, .seconds(2), .seconds(30)),
        (.seconds(10), .seconds(2), .seconds(-1), .seconds(30)),
        (.seconds(10), .seconds(2), .seconds(2), .zero),
        (.seconds(10), .milliseconds(5_001), .seconds(2), .seconds(30)),
    ])
    func `what could keep no lease is refused`(
        duration: Duration, beat: Duration, rescue: Duration, sweep: Duration
    ) {
        #expect(throws: InvalidValue.self) {
            try LeaseSettings(
                duration: duration, beatInterval: beat, rescueInterval: rescue, sweepInterval: sweep)
        }
    }

    @Test func `two heartbeats that just fit are enough`() throws {
        #expect(try LeaseSettings(duration: .seconds(4), beatInterval: .seconds(2)).duration == .seconds(4))
    }
}
