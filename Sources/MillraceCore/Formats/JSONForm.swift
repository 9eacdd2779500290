/// One JSON object on one line, its keys always in the same order.
///
/// `language` is `null` when unknown, `words` is there where known, `gap` only when true. Times are in seconds; one
/// that is not a number is 0.
enum JSONForm {
    static func render(_ transcript: Transcript) -> String {
        let chunks = object([
            ("total", "\(transcript.chunks.total)"), ("completed", "\(transcript.chunks.completed)"),
            ("failed", "\(transcript.chunks.failed)"), ("cached", "\(transcript.chunks.cached)"),
        ])
        return object([
            ("text", string(transcript.text)),
            ("language", transcript.language.map(string) ?? "null"),
            ("duration", seconds(transcript.durationSeconds)),
            ("segments", array(transcript.segments.map(segment))),
            ("chunks", chunks),
            ("id", string("\(transcript.id)")),
            ("source", string(transcript.source)),
            ("status", string(transcript.status.rawValue)),
        ]) + "\n"
    }

    private static func segment(_ segment: Segment) -> String {
        var members = spoken(from: segment.start, to: segment.end, text: segment.text)
        if let words = segment.words {
            members.append(("words", array(words.map { object(spoken(from: $0.start, to: $0.end, text: $0.text)) })))
        }
        if segment.isGap { members.append(("gap", "true")) }
        return object(members)
    }

    private static func spoken(from start: Double, to end: Double, text: String) -> [(String, String)] {
        [("start", seconds(start)), ("end", seconds(end)), ("text", string(text))]
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private static func array(_ elements: [String]) -> String {
        "[" + elements.joined(separator: ",") + "]"
    }

    private static func seconds(_ seconds: Double) -> String {
        (MediaTime(seconds: seconds) ?? .zero).shortSeconds
    }

    private static func string(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\t": json += "\\t"
            // JSON allows the line separators, but who reads by lines may take them for line ends.
            case _ where scalar.properties.generalCategory == .control, "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
