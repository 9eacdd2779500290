public import MillraceCore

/// What a Prometheus answers to a query.
public struct QueryAnswer: Sendable {
    /// The result.
    public let result: QueryResult
    /// What the server warns of, and informs of, in its words: an answer may be incomplete.
    public let warnings: [String]

    /// Gathers an answer.
    public init(_ result: QueryResult, warnings: [String] = []) {
        self.result = result
        self.warnings = warnings
    }
}

/// The result of a query, of one of PromQL's types.
public enum QueryResult: Hashable, Sendable {
    /// Of an instant query: a value for each of some series.
    case vector([QueriedValue])
    /// Of a range query: the values of each series at the steps that have one.
    case matrix([QueriedSeries])
    /// A number.
    case scalar(TimestampedValue)
    /// A text.
    case string(String)

    /// The number, or the only value of a vector; `nil` when there is none, when there are several, and when it is NaN.
    public var number: Double? {
        let value: Double? =
            switch self {
            case .scalar(let number): number.value
            case .vector(let values) where values.count == 1: values.first?.sample.value
            default: nil
            }
        return value.flatMap { $0.isNaN ? nil : $0 }
    }
}

/// One value of a vector.
public struct QueriedValue: Hashable, Sendable {
    /// What it belongs to.
    public let labels: QueriedLabels
    /// The value, at the time that was asked for.
    public let sample: TimestampedValue
}

/// The values of one series of a matrix.
public struct QueriedSeries: Hashable, Sendable {
    /// What they belong to.
    public let labels: QueriedLabels
    /// The values, oldest first.
    public let samples: [TimestampedValue]
}

/// The labels of a result, as the server has them: also names that other senders may use and Millrace does not.
public struct QueriedLabels: Hashable, Sendable, CustomStringConvertible {
    /// Names and values, with `__name__` where there is a metric.
    public let all: [String: String]

    /// Whether both have the same names and values, byte for byte: texts that look the same are not one series.
    public static func == (left: QueriedLabels, right: QueriedLabels) -> Bool {
        left.all.count == right.all.count
            && left.all.allSatisfy { name, value in
                right.all[name].map { $0.utf8.elementsEqual(value.utf8) } ?? false
            }
    }

    /// Feeds the names and values, in any order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(all)
    }

    /// As a series; `nil` when it has no metric (a function takes the name away), or a name that Millrace does not use.
    public var series: MetricSeries? {
        guard let text = all["__name__"], let name = try? MetricName(text), let labels = try? labels else { return nil }
        return MetricSeries(name, labels)
    }

    /// The labels besides the name of the metric.
    ///
    /// - Throws: `InvalidValue` when there is one that Millrace does not use.
    public var labels: MetricLabels {
        get throws(InvalidValue) { try MetricLabels(all.filter { $0.key != "__name__" }) }
    }

    /// As PromQL writes it.
    public var description: String {
        let list = all.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(MetricSeries.escaped($0.value))\"" }
        let name = all["__name__"] ?? ""
        return list.isEmpty && !name.isEmpty ? name : "\(name){\(list.joined(separator: ","))}"
    }
}
