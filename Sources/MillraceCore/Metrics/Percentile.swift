/// A share of all observations in hundredths, from 0 to 100.
public struct Percentile: Hashable, Comparable, Sendable {
    /// The share, 0 to 100.
    public let value: Double

    /// Makes a percentile.
    ///
    /// - Throws: ``InvalidValue`` outside 0…100, and when it is not a number.
    public init(_ value: Double) throws(InvalidValue) {
        guard (0...100).contains(value) else { throw InvalidValue("percentile", "\(value) is not between 0 and 100") }
        self.value = value
    }

    /// The same share from 0 to 1.
    public var quantile: Double { value / 100 }

    /// Orders by share.
    public static func < (left: Percentile, right: Percentile) -> Bool { left.value < right.value }
}
