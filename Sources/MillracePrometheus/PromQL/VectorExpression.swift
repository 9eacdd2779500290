public import MillraceCore

/// A query of PromQL that gives a value for each of some series: a tree, which is only written down to be sent.
///
/// Names in it are valid and values escaped, whatever they are made of. A rate is taken of each series before they are added
/// up, and percentiles are computed from buckets alone (``HistogramQuantile``): the other ways round, which Prometheus would
/// answer with numbers that mean nothing, cannot be written.
///
/// ```swift
/// let perSecond = try VectorExpression.rate(of: SeriesSelector(name), over: QueryWindow(.seconds(300))).sum(by: [queue])
/// ```
public struct VectorExpression: Hashable, Sendable {
    let node: Node

    indirect enum Node: Hashable, Sendable {
        case latest(SeriesSelector)
        case over(WindowFunction, SeriesSelector, QueryWindow)
        case gathered(Gathering, by: [LabelName], Node)
        case quantile(Percentile, Node)
        case arithmetic(Node, Operator, Operand)
        case otherwise(Node, Double)
    }

    enum WindowFunction: String, Sendable {
        case rate, increase
        case last = "last_over_time"
    }

    enum Gathering: String, Sendable {
        case sum, max, min, avg, count
    }

    enum Operator: String, Sendable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case through = "/"
    }

    indirect enum Operand: Hashable, Sendable {
        case number(Double)
        case vector(Node)
    }

    init(_ node: Node) {
        self.node = node
    }

    // MARK: - Series

    /// The present value of each series.
    public init(_ selector: SeriesSelector) {
        node = .latest(selector)
    }

    /// How fast counters grow, a second: of each series, over a window that should hold four of its samples.
    public static func rate(of selector: SeriesSelector, over window: QueryWindow) -> VectorExpression {
        VectorExpression(.over(.rate, selector, window))
    }

    /// By how much counters grow in a window, carried on to its ends.
    public static func increase(of selector: SeriesSelector, over window: QueryWindow) -> VectorExpression {
        VectorExpression(.over(.increase, selector, window))
    }

    /// The newest value of each series in a window, also when it has ended since.
    public static func last(of selector: SeriesSelector, over window: QueryWindow) -> VectorExpression {
        VectorExpression(.over(.last, selector, window))
    }

    // MARK: - Groups

    /// The sum of each group of series that have the same values of these labels; of all series without any.
    ///
    /// - Throws: `InvalidValue` for a label that PromQL cannot group by: `inf`, `nan`, `without`.
    public func sum(by labels: [LabelName] = []) throws(InvalidValue) -> VectorExpression {
        try gathered(.sum, by: labels)
    }

    /// The greatest value of each group.
    ///
    /// - Throws: `InvalidValue` for a label that PromQL cannot group by.
    public func max(by labels: [LabelName] = []) throws(InvalidValue) -> VectorExpression {
        try gathered(.max, by: labels)
    }

    /// The greatest value of all.
    var greatest: VectorExpression { VectorExpression(.gathered(.max, by: [], node)) }

    /// The smallest value of each group.
    ///
    /// - Throws: `InvalidValue` for a label that PromQL cannot group by.
    public func min(by labels: [LabelName] = []) throws(InvalidValue) -> VectorExpression {
        try gathered(.min, by: labels)
    }

    /// The mean of each group.
    ///
    /// - Throws: `InvalidValue` for a label that PromQL cannot group by.
    public func avg(by labels: [LabelName] = []) throws(InvalidValue) -> VectorExpression {
        try gathered(.avg, by: labels)
    }

    /// How many series each group has; no group has none.
    ///
    /// - Throws: `InvalidValue` for a label that PromQL cannot group by.
    public func count(by labels: [LabelName] = []) throws(InvalidValue) -> VectorExpression {
        try gathered(.count, by: labels)
    }

    private func gathered(_ gathering: Gathering, by labels: [LabelName]) throws(InvalidValue) -> VectorExpression {
        VectorExpression(.gathered(gathering, by: try Self.groups(labels), node))
    }

    static func groups(_ labels: [LabelName]) throws(InvalidValue) -> [LabelName] {
        if let label = labels.first(where: { PromQLWord.isUnspeakable($0.text) }) {
            throw InvalidValue("label to group by", "must not be \(label), a word that PromQL reads as something else")
        }
        return labels
    }

    // MARK: - Arithmetic

    /// Adds a number to each value.
    public static func + (left: VectorExpression, right: Double) -> VectorExpression {
        left.with(.plus, .number(right))
    }
    /// Takes a number from each value.
    public static func - (left: VectorExpression, right: Double) -> VectorExpression {
        left.with(.minus, .number(right))
    }
    /// Multiplies each value.
    public static func * (left: VectorExpression, right: Double) -> VectorExpression {
        left.with(.times, .number(right))
    }
    /// Divides each value; by zero it is infinite, or no number.
    public static func / (left: VectorExpression, right: Double) -> VectorExpression {
        left.with(.through, .number(right))
    }

    /// Adds the values of series that have the same labels; those without a partner are left out.
    public static func + (left: VectorExpression, right: VectorExpression) -> VectorExpression {
        left.with(.plus, .vector(right.node))
    }
    /// Subtracts the values of series that have the same labels; those without a partner are left out.
    public static func - (left: VectorExpression, right: VectorExpression) -> VectorExpression {
        left.with(.minus, .vector(right.node))
    }
    /// Divides the values of series that have the same labels; those without a partner are left out.
    public static func / (left: VectorExpression, right: VectorExpression) -> VectorExpression {
        left.with(.through, .vector(right.node))
    }

    private func with(_ operation: Operator, _ operand: Operand) -> VectorExpression {
        VectorExpression(.arithmetic(node, operation, operand))
    }

    /// A number where there is no data, on purpose: nothing else makes one of it.
    ///
    /// It stands beside whatever has labels: it is for a sum of all.
    public func or(_ number: Double) -> VectorExpression {
        VectorExpression(.otherwise(node, number))
    }
}
