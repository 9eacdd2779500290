import MillraceCore
import Testing

/// The figures are those of Prometheus 2.42 (`promtool test rules`).
@Suite struct CounterWindowTests {
    /// Values five minutes apart, from time zero on.
    private func increase(_ values: [Double], minutes: Int64, at end: Int64) -> Double? {
        var window = CounterWindow(from: minute(end - minutes), to: minute(end))
        for (index, value) in values.enumerated() { window.add(value, at: minute(5 * Int64(index))) }
        return window.increase
    }

    private func minute(_ number: Int64) -> Timestamp { Timestamp(microseconds: number * 60_000_000) }

    @Test func `The growth of a counter that never began anew is the difference of its ends`() {
        #expect(increase((0...10).map { 10 * Double($0) }, minutes: 50, at: 50) == 100)
        #expect(increase((0...10).map { 10 + 10 * Double($0) }, minutes: 50, at: 50) == 100)
    }

    @Test func `What was counted before a new beginning is added`() {
        let values = [0, 10, 20, 30, 40, 50, 0, 10, 20, 30, 40] as [Double]
        #expect(increase(values, minutes: 50, at: 50) == 90)
        #expect(increase(values, minutes: 21, at: 32) == 28)
    }

    @Test func `Growth goes on to the ends of the stretch, but not back beyond the counter's zero`() {
        #expect(increase((0...10).map { 10 * Double($0) }, minutes: 100, at: 50) == 100)
        #expect(increase((0...10).map { 1 + 10 * Double($0) }, minutes: 100, at: 50) == 101)
        #expect(increase((0...10).map { 10 + 10 * Double($0) }, minutes: 100, at: 50) == 110.00000000000001)
        #expect(increase((0...10).map { 10 * Double($0) }, minutes: 21, at: 32) == 42)
    }

    @Test func `Fewer than two samples in the stretch say nothing`() {
        #expect(increase([], minutes: 50, at: 50) == nil)
        #expect(increase([0, 10], minutes: 4, at: 5) == nil)
        #expect(increase([0, 10], minutes: 5, at: 5) == 10)
    }

    @Test func `The end of a series is no value, and what comes late or twice is left out`() {
        var window = CounterWindow(from: minute(0), to: minute(10))
        window.add(0, at: minute(0))
        window.add(StaleMarker.value, at: minute(3))
        window.add(8, at: minute(5))
        window.add(100, at: minute(5))
        window.add(200, at: minute(4))
        window.add(10, at: minute(10))
        #expect(window.increase == 10)
        #expect(window.rate == 10.0 / 600)
    }
}
