/// The name of a label: a letter or `_`, then letters, digits and `_`, in ASCII; at most 255 bytes.
///
/// Names that begin with `__` belong to Prometheus and are refused.
public struct LabelName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// No name is longer, in bytes.
    public static let maximumBytes = 255

    /// The label of a histogram's buckets: their upper bound.
    public static let le = LabelName(stored: "le")

    /// The name as it is written.
    public let text: String

    /// Makes a name.
    ///
    /// - Throws: ``InvalidValue`` when the text is no name of a label.
    public init(_ text: String) throws(InvalidValue) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw InvalidValue(
                "label name", "is \(text.utf8.count) bytes long; at most \(Self.maximumBytes) are allowed")
        }
        guard PrometheusWord.isName(text, withColons: false) else {
            throw InvalidValue(
                "label name", "must begin with a letter or _, and hold only letters, digits and _ of ASCII")
        }
        guard !text.hasPrefix("__") else { throw InvalidValue("label name", "must not begin with __") }
        self.text = text
    }

    /// Takes a name that has been validated.
    public init(stored text: String) {
        self.text = text
    }

    /// Orders by bytes.
    public static func < (left: LabelName, right: LabelName) -> Bool { left.text < right.text }

    /// The name.
    public var description: String { text }
}
