internal import ArgumentParser

/// A time span as it is typed: a whole number with s, m, h, d or w.
struct Age: ExpressibleByArgument, Sendable {
    private static let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]

    let duration: Duration

    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.seconds[$0] }),
            let number = UInt32(argument.dropLast()), argument.first != "+"
        else { return nil }
        duration = .seconds(Int64(number) * unit)
    }
}
