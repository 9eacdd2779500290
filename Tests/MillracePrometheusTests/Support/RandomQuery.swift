import MillraceCore
import MillracePrometheus

/// Random names, texts and queries, most of which would be something else to PromQL if they were not taken care of.
enum RandomQuery {
    /// Words that PromQL has a use for, where a name may stand.
    static let words = [
        "and", "atan2", "avg", "bool", "bottomk", "by", "count", "count_values", "end", "group", "group_left",
        "group_right", "ignoring", "Inf", "inf", "INF", "max", "min", "NaN", "nan", "offset", "on", "ON", "or",
        "quantile", "rate", "start", "stddev", "stdvar", "sum", "Sum", "time", "topk", "unless", "vector", "without",
        "Without", "e5", "infinity", "_", "le", "x5m",
    ]

    /// Texts that end a string, a selector or a query where nobody minds them.
    private static let pieces = [
        "\"", "'", "`", "\\", "\n", "\r", "\r\n", "\t", "\0", "}", "{", "\"}", #"\""#, #"\\"#, #"\x41"#, #"\u00e9"#,
        "#", " # ", " or vector(1)", "\"} or {__name__=~\".+", "|", ".*", "(", ")", "[5m]", "$", "^", "+", "?", "*",
        "%0A", "%", "&query=", "=", ",", "a", "B", "7", " ", "é", "e\u{301}", "日本", "\u{2028}", "\u{FEFF}", "\u{FFFD}",
        "\u{7F}", "\u{85}", "\u{1}", "\u{10FFFF}", "👩‍👩‍👧", "\u{202E}",
    ]

    /// Any text.
    static func text(using random: inout some RandomNumberGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            if Bool.random(using: &random), let piece = pieces.randomElement(using: &random) {
                text.append(contentsOf: piece.unicodeScalars)
            } else if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random)) {
                text.append(scalar)
            }
        }
        return String(text)
    }

    /// A name that a metric may have.
    static func metric(using random: inout some RandomNumberGenerator) -> MetricName {
        MetricName(stored: name("abcXYZ_:019", using: &random))
    }

    /// A name that a label may have.
    static func label(using random: inout some RandomNumberGenerator) -> LabelName {
        LabelName(stored: name("abcXYZ_019", using: &random))
    }

    private static func name(_ letters: String, using random: inout some RandomNumberGenerator) -> String {
        if Bool.random(using: &random), let word = words.randomElement(using: &random) { return word }
        let tail = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in letters.randomElement(using: &random)
        }
        let name = String(letters.filter { !$0.isNumber }.randomElement(using: &random) ?? "a") + String(tail)
        return name.hasPrefix("__") ? "a" + name : name
    }

    /// A selector of one metric, or of every, with up to four conditions that any text may be in.
    static func selector(using random: inout some RandomNumberGenerator) -> SeriesSelector {
        let matchers = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            let (label, text) = (label(using: &random), text(using: &random))
            return switch Int.random(in: 0..<4, using: &random) {
            case 0: LabelMatcher.equal(label, text)
            case 1: LabelMatcher.notEqual(label, text)
            case 2: LabelMatcher.oneOf(label, [text, self.text(using: &random)])
            default: LabelMatcher.beginning(label, with: text)
            }
        }
        return SeriesSelector(metric(using: &random), matchers)
    }
}
