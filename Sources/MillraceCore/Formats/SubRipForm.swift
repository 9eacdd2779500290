/// SubRip, as players read it.
///
/// The form has no escapes, and players take `<…>` and `{…}` for formatting. Look-alikes stand in for these four
/// characters, so that every word is seen.
enum SubRipForm {
    static func render(_ transcript: Transcript) -> String {
        var text = ""
        for (index, cue) in CueCutter.cues(of: transcript.segments).enumerated() {
            text += index == 0 ? "" : "\n"
            text += "\(index + 1)\n\(cue.start.clock(separator: ",")) --> \(cue.end.clock(separator: ","))\n"
            for line in cue.lines {
                text += neutral(line) + "\n"
            }
        }
        return text
    }

    private static func neutral(_ line: String) -> String {
        var text = ""
        for scalar in line.unicodeScalars {
            switch scalar {
            case "<": text += "‹"
            case ">": text += "›"
            case "{": text += "("
            case "}": text += ")"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
