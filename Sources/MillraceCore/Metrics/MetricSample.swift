/// The value of a series at a time.
public struct MetricSample: Hashable, Sendable {
    /// Whose value it is.
    public let series: MetricSeries
    /// The value. Every NaN but that of ``StaleMarker`` is one and the same, so that none is taken for it.
    public let value: Double
    /// When it was so; remote write keeps milliseconds of it.
    public let time: Timestamp

    /// Makes a sample; a value that is not a number becomes `StaleMarker.otherNaN`, whatever its bits.
    public init(_ series: MetricSeries, _ value: Double, at time: Timestamp) {
        self.series = series
        self.value = value.isNaN ? StaleMarker.otherNaN : value
        self.time = time
    }

    private init(endOf series: MetricSeries, at time: Timestamp) {
        self.series = series
        self.value = StaleMarker.value
        self.time = time
    }

    /// Says that a series has ended: queries find nothing of it from this time on.
    public static func stale(_ series: MetricSeries, at time: Timestamp) -> MetricSample {
        MetricSample(endOf: series, at: time)
    }

    /// Whether it says that the series has ended.
    public var isStale: Bool { StaleMarker.isMarker(value) }

    /// Whether both have the same series, the same time and a value of the same bits.
    public static func == (left: MetricSample, right: MetricSample) -> Bool {
        left.time == right.time && left.value.bitPattern == right.value.bitPattern && left.series == right.series
    }

    /// Feeds the series, the bits and the time.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(series)
        hasher.combine(value.bitPattern)
        hasher.combine(time)
    }
}

/// The number that ends a series, by its bits (remote write 1.0, "Stale Markers").
public enum StaleMarker {
    /// The marker.
    public static let value = Double(bitPattern: 0x7ff0_0000_0000_0002)
    /// What every other NaN is written as.
    public static let otherNaN = Double(bitPattern: 0x7ff8_0000_0000_0001)

    /// Whether a number is the marker; other NaNs are not.
    public static func isMarker(_ number: Double) -> Bool { number.bitPattern == value.bitPattern }
}
