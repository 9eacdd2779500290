/// WebVTT (https://www.w3.org/TR/webvtt1/).
enum WebVTTForm {
    static func render(_ transcript: Transcript) -> String {
        var text = "WEBVTT\n"
        for cue in CueCutter.cues(of: transcript.segments) {
            text += "\n\(cue.start.clock(separator: ".")) --> \(cue.end.clock(separator: "."))\n"
            for line in cue.lines {
                text += escaped(line) + "\n"
            }
        }
        return text
    }

    /// Without `>`, no text can hold the arrow of a time line.
    private static func escaped(_ line: String) -> String {
        var text = ""
        for scalar in line.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
