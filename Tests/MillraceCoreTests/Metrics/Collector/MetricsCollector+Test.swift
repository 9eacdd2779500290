import MillraceCore
import MillraceTesting

extension MetricsCollector {
    static func test(maximumSeries: Int = standardMaximumSeries, clock: ManualClock) -> MetricsCollector {
        MetricsCollector(
            id: .make(at: clock.timeOfDay), maximumSeries: maximumSeries, clock: clock)
    }

    /// The newest value of each series, by its text.
    func latest() throws -> [String: Double] {
        var latest: [String: Double] = [:]
        for sample in samples(at: ManualClock.standardStart) { latest["\(sample.series)"] = sample.value }
        return latest
    }
}
