/// What was measured of one thing, beside what it could be at best.
struct Figure {
    /// Ours and the limit, one measured right after the other; both as rates, or both as times.
    struct Pair {
        var value: Double
        var limit: Double
    }

    let name: String
    let unit: String
    /// The least ratio that is good enough.
    let wanted: Double
    let pairs: [Pair]
    /// Whether times were measured. The ratio is that of rates nevertheless.
    var isTime = false

    /// The median of the pairs' ratios: a pair has both halves of a busy moment, the medians of rates need not.
    var ratio: Double { median(ratios) }

    private var ratios: [Double] { pairs.map { isTime ? $0.limit / $0.value : $0.value / $0.limit } }

    var isGoodEnough: Bool { ratio >= wanted }

    /// The figure as one line of JSON.
    var line: String {
        let runs = ratios.map(digits).joined(separator: ",")
        let members = [
            #""name":"\#(name)""#, #""value":\#(digits(median(pairs.map(\.value))))"#, #""unit":"\#(unit)""#,
            #""limit":\#(digits(median(pairs.map(\.limit))))"#, #""ratio":\#(digits(ratio))"#, #""wanted":\#(wanted)"#,
            #""runs":[\#(runs)]"#,
        ]
        return "{" + members.joined(separator: ",") + "}"
    }

    private func median(_ numbers: [Double]) -> Double {
        let sorted = numbers.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// Four digits behind the point for ratios, none for large rates. Rounded down: a ratio just under what is wanted
    /// must not look like it.
    private func digits(_ number: Double) -> String {
        number >= 1_000 ? "\(Int(number))" : "\((number * 10_000).rounded(.down) / 10_000)"
    }
}
