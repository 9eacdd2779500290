internal import MillraceCore

/// Makes names and labels of Prometheus out of those that libraries give their metrics, which are any text.
enum MetricNaming {
    /// A name in which everything that is not allowed is `_`; `nil` when it is empty, or too long.
    static func name(_ label: String) -> MetricName? {
        if let name = try? MetricName(label) { return name }
        return try? MetricName(mended(label, withColons: true))
    }

    /// Labels, whatever their order; `nil` when a name is empty or too long.
    ///
    /// Values of names that become one stand in one value, with `;` between them. NUL is replaced, and what is too long for a
    /// value is cut off.
    static func labels(_ dimensions: [(String, String)], isHistogram: Bool) -> MetricLabels? {
        var values: [String: [String]] = [:]
        // Sorted, or two orders of the same dimensions would be two values.
        for (dimension, value) in dimensions.count > 1 ? dimensions.sorted(by: precedes) : dimensions {
            guard let name = labelName(dimension, isHistogram: isHistogram) else { return nil }
            guard values[name]?.contains(where: { $0.utf8.elementsEqual(value.utf8) }) != true else { continue }
            values[name, default: []].append(value)
        }
        return try? MetricLabels(values.mapValues { mendedValue($0.joined(separator: ";")) })
    }

    private static func precedes(_ left: (String, String), _ right: (String, String)) -> Bool {
        // By bytes: two spellings of one letter are equal to `<`, and would keep their order.
        if !left.0.utf8.elementsEqual(right.0.utf8) { return left.0.utf8.lexicographicallyPrecedes(right.0.utf8) }
        return left.1.utf8.lexicographicallyPrecedes(right.1.utf8)
    }

    private static func labelName(_ dimension: String, isHistogram: Bool) -> String? {
        var name = (try? LabelName(dimension)) == nil ? mended(dimension, withColons: false) : dimension
        guard !name.isEmpty else { return nil }
        // Names that begin with two underscores are Prometheus's own.
        while name.hasPrefix("__") { name.removeFirst() }
        let isTaken = name.hasPrefix(MetricLabels.exportedPrefix) || (isHistogram && name == LabelName.le.text)
        return isTaken ? "_" + name : name
    }

    private static func mended(_ text: String, withColons: Bool) -> String {
        var mended = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": mended.unicodeScalars.append(scalar)
            case ":" where withColons: mended.unicodeScalars.append(scalar)
            case "0"..."9":
                if mended.isEmpty { mended = "_" }
                mended.unicodeScalars.append(scalar)
            default: mended += "_"
            }
        }
        return mended
    }

    private static func mendedValue(_ value: String) -> String {
        guard value.utf8.contains(0) || value.utf8.count > MetricLabels.maximumValueBytes else { return value }
        var scalars = String.UnicodeScalarView(value.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })
        var bytes = scalars.reduce(0) { $0 + UTF8.width($1) }
        while bytes > MetricLabels.maximumValueBytes { bytes -= UTF8.width(scalars.removeLast()) }
        return String(scalars)
    }
}
