public import MillraceCore

/// A condition on a label of the series that a selector chooses. A series without the label has it empty.
///
/// Its value may be any text: it stands escaped in the query, and cannot become a part of it.
public struct LabelMatcher: Hashable, Sendable {
    enum Operation: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case matching = "=~"
        case notMatching = "!~"
    }

    /// The label that is looked at.
    public let label: LabelName
    let operation: Operation
    let value: String

    private init(_ label: LabelName, _ operation: Operation, _ value: String) {
        self.label = label
        self.operation = operation
        self.value = value
    }

    /// The label has this value; with an empty one, there is no such label.
    public static func equal(_ label: LabelName, _ value: String) -> LabelMatcher {
        LabelMatcher(label, .equal, value)
    }

    /// The label has another value than this; with an empty one, there is such a label.
    public static func notEqual(_ label: LabelName, _ value: String) -> LabelMatcher {
        LabelMatcher(label, .notEqual, value)
    }

    /// The whole value of the label matches a regular expression of RE2; one that is none is refused by the server.
    public static func matching(_ label: LabelName, _ expression: String) -> LabelMatcher {
        LabelMatcher(label, .matching, expression)
    }

    /// The whole value of the label does not match a regular expression of RE2.
    public static func notMatching(_ label: LabelName, _ expression: String) -> LabelMatcher {
        LabelMatcher(label, .notMatching, expression)
    }

    /// The label has one of these values, which stand for themselves; without any, it is chosen as if there was an empty one.
    public static func oneOf(_ label: LabelName, _ values: [String]) -> LabelMatcher {
        LabelMatcher(label, .matching, values.map(quoted).joined(separator: "|"))
    }

    /// The label begins with this text, which stands for itself.
    public static func beginning(_ label: LabelName, with text: String) -> LabelMatcher {
        // The end of a line is no `.`.
        LabelMatcher(label, .matching, "\(quoted(text))(?s:.*)")
    }

    /// As it stands between the braces of a selector.
    var text: String { "\(label)\(operation.rawValue)\"\(Self.escaped(value))\"" }

    private static func escaped(_ text: String) -> String {
        let escaped = MetricSeries.escaped(text)
        // Which Prometheus takes for a text that is broken.
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard escaped.unicodeScalars.contains(replacement) else { return escaped }
        return escaped.unicodeScalars.map { $0 == replacement ? #"\ufffd"# : String($0) }.joined()
    }

    /// A text as a regular expression that matches only that text.
    private static func quoted(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            if #"\.+*?()|[]{}^$"#.unicodeScalars.contains(scalar) { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted
    }

    /// Whether label, condition and the bytes of the value are the same.
    public static func == (left: LabelMatcher, right: LabelMatcher) -> Bool {
        left.label == right.label && left.operation == right.operation
            && left.value.utf8.elementsEqual(right.value.utf8)
    }

    /// Feeds the label and the condition.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(label)
        hasher.combine(operation)
    }
}
