/// How long samples are kept where no Prometheus decides it.
public enum MetricRetention {
    /// Fifteen days, as Prometheus does unless told otherwise.
    public static let standard = Duration.seconds(15 * 24 * 3_600)

    /// How many old samples go with a batch of new ones: twice as many, and 100 at least, so that what is old grows less.
    public static func removals(with written: Int) -> Int { max(100, 2 * written) }
}
