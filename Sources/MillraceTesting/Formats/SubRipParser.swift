/// Reads SubRip strictly: a counter from 1, a time line, text, a blank line between cues.
package enum SubRipParser {
    package static func parse(_ text: String) throws -> [ParsedCue] {
        var lines = text.subtitleLines[...]
        var cues: [ParsedCue] = []
        while let counter = lines.popFirst() {
            guard counter == "\(cues.count + 1)", let times = lines.popFirst() else {
                throw ParseFailure("counter \(counter) of cue \(cues.count + 1)")
            }
            let (start, end) = try CueTimes.parse(times, separator: ",")
            var cue = ParsedCue(start: start, end: end, lines: [])
            while let line = lines.popFirst(), !line.isEmpty {
                guard !line.contains(where: { "<>{}".contains($0) }) else { throw ParseFailure("a tag: \(line)") }
                cue.lines.append(line)
            }
            guard !cue.lines.isEmpty else { throw ParseFailure("a cue without text at \(times)") }
            cues.append(cue)
        }
        return cues
    }
}
