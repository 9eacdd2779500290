/// What someone said, made safe for a file that people read.
enum SpokenText {
    /// The words of a text: what stands between blanks, without control characters.
    ///
    /// Every blank separates, line breaks among them, but for those whose purpose is not to.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if separates(scalar) {
                if !word.isEmpty { words.append(String(word)) }
                word = .init()
            } else if scalar.properties.generalCategory != .control {
                word.append(scalar)
            }
        }
        if !word.isEmpty { words.append(String(word)) }
        return words
    }

    /// The words of a text on one line.
    static func line(of text: String) -> String {
        words(of: text).joined(separator: " ")
    }

    /// Whether a sentence may end with this word, closing quotes and brackets aside.
    static func endsSentence(_ text: some StringProtocol) -> Bool {
        let closing: Set<Character> = ["\"", "'", "”", "’", "»", ")", "]"]
        let ends: Set<Character> = [".", "?", "!", "…", "。", "？", "！"]
        return text.last { !closing.contains($0) }.map(ends.contains) ?? false
    }

    private static func separates(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\u{A0}", "\u{2007}", "\u{202F}": false
        default: scalar.properties.isWhitespace
        }
    }
}
