extension MetricLabels: Comparable {
    /// Orders by the first label that differs, by the bytes of its name and then of its value; no label comes before any.
    public static func < (left: MetricLabels, right: MetricLabels) -> Bool {
        for (own, other) in zip(left.all, right.all) where own != other {
            if own.name != other.name { return own.name < other.name }
            return own.value.utf8.lexicographicallyPrecedes(other.value.utf8)
        }
        return left.all.count < right.all.count
    }
}

extension MetricSeries: Comparable {
    /// Orders by name and then by labels.
    public static func < (left: MetricSeries, right: MetricSeries) -> Bool {
        left.name == right.name ? left.labels < right.labels : left.name < right.name
    }
}

extension MetricLabels {
    /// The labels by name, as they are stored and sent.
    public var byName: [String: String] {
        Dictionary(uniqueKeysWithValues: all.map { ($0.name.text, $0.value) })
    }
}
