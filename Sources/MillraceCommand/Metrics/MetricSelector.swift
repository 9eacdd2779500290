internal import Millrace

/// A metric and labels as PromQL selects them: `name`, or `name{label="value",…}`.
///
/// Only `=` is understood. What `millrace metrics series` prints is such a text.
struct MetricSelector: Hashable, Sendable {
    let name: MetricName
    let tags: MetricLabels

    /// Reads a selector.
    ///
    /// - Throws: ``InvalidValue`` that says what is wrong.
    init(_ text: String) throws(InvalidValue) {
        guard !text.prefix(while: { $0 != "{" && $0 != "\"" }).contains("(") else {
            throw Self.refusal(
                "must be a metric, as in name{label=\"value\"}; rates, sums and the like are for Prometheus itself")
        }
        var scanner = Scanner(text)
        name = try MetricName(scanner.word())
        var values: [String: String] = [:]
        if scanner.take("{") {
            while !scanner.take("}") {
                let label = try LabelName(scanner.word())
                let value = try scanner.value(of: label)
                guard values.updateValue(value, forKey: label.text) == nil else {
                    throw Self.refusal("names the label \(label) twice")
                }
                if !scanner.take(",") {
                    guard scanner.take("}") else {
                        throw Self.refusal("must have a , or the closing } behind the value of \(label)")
                    }
                    break
                }
            }
        }
        guard scanner.isAtEnd else {
            throw Self.refusal(
                "must be a name, or a name with labels as in name{label=\"value\"}, and nothing behind it")
        }
        tags = try MetricLabels(values)
    }

    private static func refusal(_ reason: String) -> InvalidValue { InvalidValue("selector", reason) }

    /// Reads a text from its beginning, blanks between what matters skipped.
    private struct Scanner {
        private var rest: Substring.UnicodeScalarView

        init(_ text: String) {
            rest = Substring(text).unicodeScalars
        }

        var isAtEnd: Bool { rest.allSatisfy(\.properties.isWhitespace) }

        /// Takes a character, if it is the next.
        mutating func take(_ character: Unicode.Scalar) -> Bool {
            rest = rest.drop(while: \.properties.isWhitespace)
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        /// Takes everything that can be no mark; whether it is a name is for others to say.
        mutating func word() -> String {
            rest = rest.drop(while: \.properties.isWhitespace)
            let word = rest.prefix { !"{}=!~,\"".unicodeScalars.contains($0) && !$0.properties.isWhitespace }
            rest = rest[word.endIndex...]
            return String(word)
        }

        /// Takes `="value"`.
        mutating func value(of label: LabelName) throws(InvalidValue) -> String {
            guard take("="), rest.first != "~", take("\"") else {
                throw MetricSelector.refusal(
                    "must have =\"value\" behind the label \(label); other matches are not understood")
            }
            var value = String.UnicodeScalarView()
            while let scalar = rest.popFirst() {
                switch scalar {
                case "\"":
                    guard !value.isEmpty else {
                        throw MetricSelector.refusal("must not have an empty value for \(label)")
                    }
                    return String(value)
                case "\\":
                    value.append(try escaped(in: label))
                default:
                    value.append(scalar)
                }
            }
            throw MetricSelector.refusal("must end the value of \(label) with a quotation mark")
        }

        private mutating func escaped(in label: LabelName) throws(InvalidValue) -> Unicode.Scalar {
            switch rest.popFirst() {
            case "n": return "\n"
            case "\\": return "\\"
            case "\"": return "\""
            default: throw MetricSelector.refusal(#"must have only \\, \" and \n behind a \ in the value of \#(label)"#)
            }
        }
    }
}
