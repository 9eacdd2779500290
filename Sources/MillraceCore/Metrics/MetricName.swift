/// The name of a metric: a letter, `_` or `:`, then letters, digits, `_` and `:`, in ASCII; at most 255 bytes.
///
/// As remote write 1.0 wants it. Names of the series of a histogram end with `_bucket`, `_sum` and `_count`.
public struct MetricName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// No name is longer, in bytes: the width of `metric_name`.
    public static let maximumBytes = 255

    /// The name as it is written.
    public let text: String

    /// Makes a name.
    ///
    /// - Throws: ``InvalidValue`` when the text is no name of a metric.
    public init(_ text: String) throws(InvalidValue) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw InvalidValue(
                "metric name", "is \(text.utf8.count) bytes long; at most \(Self.maximumBytes) are allowed")
        }
        guard PrometheusWord.isName(text, withColons: true) else {
            throw InvalidValue(
                "metric name", "must begin with a letter, _ or :, and hold only letters, digits, _ and : of ASCII")
        }
        self.text = text
    }

    /// Takes a name that has been validated.
    public init(stored text: String) {
        self.text = text
    }

    /// This name with an ending, as that of a series of a histogram.
    ///
    /// - Throws: ``InvalidValue`` when it would be too long.
    public func appending(_ ending: StaticString) throws(InvalidValue) -> MetricName {
        try MetricName("\(text)\(ending)")
    }

    /// This name with an ending that it has room for, as ``MetricDefinition`` makes sure of a histogram.
    func withEnding(_ ending: StaticString) -> MetricName {
        MetricName(stored: "\(text)\(ending)")
    }

    /// Orders by bytes.
    public static func < (left: MetricName, right: MetricName) -> Bool { left.text < right.text }

    /// The name.
    public var description: String { text }
}

/// What names are made of.
enum PrometheusWord {
    /// Whether a text is a letter or `_` and then letters, digits and `_`, all of ASCII; with colons wherever a letter may
    /// be.
    static func isName(_ text: String, withColons: Bool) -> Bool {
        var isFirst = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9") where !isFirst: break
            case UInt8(ascii: ":") where withColons: break
            default: return false
            }
            isFirst = false
        }
        return !isFirst
    }
}
