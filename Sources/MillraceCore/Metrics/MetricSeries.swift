/// What a sequence of samples belongs to: the name of a metric and labels.
public struct MetricSeries: Hashable, Sendable, CustomStringConvertible {
    /// The name of the metric.
    public let name: MetricName
    /// Its labels.
    public let labels: MetricLabels
    /// A hash of the bytes of name and labels (FNV-1a), the same in every process: what shards are chosen by.
    public let fingerprint: UInt64

    /// Names a series.
    public init(_ name: MetricName, _ labels: MetricLabels = .none) {
        self.name = name
        self.labels = labels
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func feed(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            // No text holds this byte, so that it ends one.
            hash = (hash ^ 0xFF) &* 0x0000_0100_0000_01b3
        }
        feed(name.text)
        for label in labels.all {
            feed(label.name.text)
            feed(label.value)
        }
        fingerprint = hash
    }

    /// Whether name and labels are the same.
    public static func == (left: MetricSeries, right: MetricSeries) -> Bool {
        left.fingerprint == right.fingerprint && left.name == right.name && left.labels == right.labels
    }

    /// Feeds the fingerprint.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
    }

    /// As PromQL writes it: `name{label="value"}`.
    public var description: String {
        guard !labels.all.isEmpty else { return name.text }
        let list = labels.all.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        return "\(name){\(list.joined(separator: ","))}"
    }

    /// A text between the quotation marks of PromQL and of the text format: `\`, `"` and the end of a line are escaped.
    public static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
