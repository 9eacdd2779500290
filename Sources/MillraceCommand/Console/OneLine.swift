/// Text that fits a terminal line, whatever is in it: names of files may hold line ends and escape codes.
enum OneLine {
    /// The text with `?` for every control character.
    static func of(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append("?")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
