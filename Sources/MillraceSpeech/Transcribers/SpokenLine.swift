/// What an engine says was spoken, on one line.
enum SpokenLine {
    /// The text without control characters and line breaks, and without blanks at its ends.
    static func of(_ text: String) -> String {
        let parts = text.unicodeScalars.split {
            $0.properties.isWhitespace || $0.properties.generalCategory == .control
        }
        return parts.map { String($0) }.joined(separator: " ")
    }
}
