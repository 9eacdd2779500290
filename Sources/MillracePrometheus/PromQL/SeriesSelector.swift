public import MillraceCore

/// Chooses series, by the name of their metric and conditions on their labels, all of which must hold.
public struct SeriesSelector: Hashable, Sendable, CustomStringConvertible {
    /// The metric; `nil` for every one.
    public let name: MetricName?
    /// The conditions.
    public let matchers: [LabelMatcher]

    /// Chooses series of a metric; of every metric for `nil`.
    public init(_ name: MetricName?, _ matchers: [LabelMatcher] = []) {
        self.name = name
        self.matchers = matchers
    }

    /// Chooses the series of a metric that have all of these labels, whatever others they have; of every metric for `nil`.
    public init(_ name: MetricName?, labels: MetricLabels) {
        self.name = name
        matchers = labels.all.map { .equal($0.name, $0.value) }
    }

    /// As PromQL writes it: `name{label="value"}`.
    public var description: String {
        var conditions = matchers.map(\.text)
        guard let name else {
            // One condition must not hold for what is empty.
            conditions.insert(#"__name__=~".+""#, at: 0)
            return "{\(conditions.joined(separator: ","))}"
        }
        if PromQLWord.isReserved(name.text) {
            conditions.insert("__name__=\"\(name)\"", at: 0)
            return "{\(conditions.joined(separator: ","))}"
        }
        return conditions.isEmpty ? name.text : "\(name){\(conditions.joined(separator: ","))}"
    }
}

/// Words that mean something to PromQL where a name may stand.
enum PromQLWord {
    private static let reserved: Set<String> = [
        "and", "atan2", "avg", "bool", "bottomk", "by", "count", "count_values", "end", "group", "group_left",
        "group_right", "ignoring", "inf", "max", "min", "nan", "offset", "on", "or", "quantile", "start", "stddev",
        "stdvar", "sum", "topk", "unless", "without",
    ]
    /// Those that cannot stand even where only labels do.
    private static let unspeakable: Set<String> = ["inf", "nan", "without"]

    /// Whether it cannot stand for a metric; written in any case.
    static func isReserved(_ word: String) -> Bool { reserved.contains(word.lowercased()) }

    /// Whether a label of this name cannot be grouped by.
    static func isUnspeakable(_ word: String) -> Bool { unspeakable.contains(word.lowercased()) }
}
