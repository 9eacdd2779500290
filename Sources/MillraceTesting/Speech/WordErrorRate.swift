/// How many words of a transcript are wrong, against what was really said.
///
/// Words are compared in lower case, without punctuation; a hyphen parts words.
public struct WordErrorRate: Hashable, Sendable {
    /// Words said.
    public let words: Int
    /// Words to replace, insert or delete to get from one text to the other.
    public let errors: Int

    /// Compares two texts; takes time by the product of their lengths.
    public init(said: String, heard: String) {
        let said = Self.words(said)
        let heard = Self.words(heard)
        // One row of the edit distance at a time.
        var row = Array(0...heard.count)
        for (line, word) in said.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in heard.enumerated() {
                let replaced = diagonal + (word == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        words = said.count
        errors = row[heard.count]
    }

    /// Errors in per cent of the words said, over 100 when much was made up; 0 when nothing was said.
    public var percent: Double {
        words == 0 ? 0 : 100 * Double(errors) / Double(words)
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { $0.isWhitespace || $0 == "-" }
            .map { $0.filter { $0.isLetter || $0.isNumber } }.filter { !$0.isEmpty }
    }
}
