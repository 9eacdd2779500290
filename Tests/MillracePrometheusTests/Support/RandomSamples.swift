import MillraceCore

/// Samples with all that a series may have: names at either end of their length, labels around `__name__`, any text, any
/// number.
enum RandomSamples {
    private static let values = [
        "", "a", "b\"c", "d\\e", "line\nend", "\u{1}", "é", "e\u{301}", "日本", "\u{10FFFF}", "=~", "{}", " ",
        String(repeating: "x", count: 127), String(repeating: "y", count: 128), String(repeating: "z", count: 16_384),
    ]
    private static let numbers: [Double] = [
        0, -0.0, 1, -1, 0.1, .pi, 1e300, -1e-300, .infinity, -.infinity, .nan, .leastNonzeroMagnitude,
        9_007_199_254_740_991,
    ]

    /// A sample of 2026.
    static func sample(using random: inout some RandomNumberGenerator) -> MetricSample {
        let time = Timestamp(
            microseconds: 1_767_225_600_000_000 + Int64.random(in: 0..<31_536_000_000_000, using: &random))
        let series = series(using: &random)
        if Int.random(in: 0..<10, using: &random) == 0 { return .stale(series, at: time) }
        return MetricSample(series, numbers.randomElement(using: &random) ?? 0, at: time)
    }

    /// A series.
    static func series(using random: inout some RandomNumberGenerator) -> MetricSeries {
        var labels: [String: String] = [:]
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            labels[word(using: &random, first: "ABZ_abz")] = values.randomElement(using: &random) ?? ""
        }
        let name = word(using: &random, first: "AZ_:az")
        return MetricSeries(MetricName(stored: name), (try? MetricLabels(labels)) ?? .none)
    }

    private static func word(using random: inout some RandomNumberGenerator, first: String) -> String {
        let rest = "AZ09_az"
        let count = [0, 1, 3, 7, 120].randomElement(using: &random) ?? 0
        let end = (0..<count).map { _ in rest.randomElement(using: &random) ?? "a" }
        let word = String(first.randomElement(using: &random) ?? "a") + String(end)
        return word.hasPrefix("__") ? "a" + word : word
    }
}
