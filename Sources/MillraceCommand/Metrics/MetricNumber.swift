internal import Foundation

/// The value of a metric as it is printed.
enum MetricNumber {
    /// As short as it can be and still mean the same number: `3`, `0.25`, `NaN`, `+Inf`, `-Inf`.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Beyond this not every whole number can be told from the next.
        guard value == value.rounded(), abs(value) < 0x1p53 else { return "\(value)" }
        return "\(Int64(value))"
    }

    /// For the edge of a chart, where there is little room: four digits that count.
    static func short(_ value: Double) -> String {
        let text = text(value)
        return text.utf8.count <= 6 || !value.isFinite ? text : String(format: "%.4g", value)
    }

    /// In JSON, which knows no other numbers than finite ones: those are texts, as Prometheus has them.
    struct JSON: Encodable {
        let value: Double

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if value.isFinite {
                try container.encode(value)
            } else {
                try container.encode(MetricNumber.text(value))
            }
        }
    }
}
