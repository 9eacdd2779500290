/// Reads WebVTT by the W3C's rules for cues without identifiers, settings or tags: all that a transcript needs.
package enum WebVTTParser {
    package static func parse(_ text: String) throws -> [ParsedCue] {
        var lines = text.subtitleLines[...]
        guard lines.popFirst() == "WEBVTT" else { throw ParseFailure("no signature") }
        guard !text.unicodeScalars.contains("\0") else { throw ParseFailure("NUL") }
        var cues: [ParsedCue] = []
        while let blank = lines.popFirst() {
            guard blank.isEmpty, let times = lines.popFirst() else { throw ParseFailure("no blank line: \(blank)") }
            let (start, end) = try CueTimes.parse(times, separator: ".")
            var cue = ParsedCue(start: start, end: end, lines: [])
            while let line = lines.first, !line.isEmpty {
                cue.lines.append(try unescape(line))
                lines.removeFirst()
            }
            guard !cue.lines.isEmpty else { throw ParseFailure("a cue without text at \(times)") }
            cues.append(cue)
        }
        return cues
    }

    private static func unescape(_ line: String) throws -> String {
        guard !line.contains("-->"), !line.contains("<") else { throw ParseFailure("a tag or arrow: \(line)") }
        var parts = line.components(by: "&")
        for index in parts.indices.dropFirst() {
            guard
                let (name, character) = [("amp;", "&"), ("lt;", "<"), ("gt;", ">")].first(where: {
                    parts[index].unicodeScalars.starts(with: $0.0.unicodeScalars)
                })
            else { throw ParseFailure("a bare &: \(line)") }
            parts[index] = character + String(parts[index].unicodeScalars.dropFirst(name.unicodeScalars.count))
        }
        return parts.joined()
    }
}
