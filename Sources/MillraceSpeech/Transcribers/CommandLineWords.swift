public import MillraceCore

/// A command line, split into words by the rules of a POSIX shell, without any expansion.
///
/// Blanks part words; single quotes keep everything, double quotes everything but a backslash before `"`, `\`, `$`,
/// a backquote or a line end; outside of quotes a backslash keeps the next character. `$`, `*`, `|`, `>` and the like
/// mean nothing special.
public struct CommandLineWords: Hashable, Sendable {
    /// The words; never empty.
    public let words: [String]

    /// Splits a command line.
    ///
    /// - Throws: `InvalidValue` when a quote is not closed, nothing follows a backslash, or there is no word.
    public init(_ text: String) throws(InvalidValue) {
        var splitter = Splitter()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard scalar != "\0" else { throw Self.refusal("character \(index + 1) is NUL; remove it") }
            splitter.take(scalar, at: index + 1)
        }
        words = try splitter.finish()
    }

    private static func refusal(_ reason: String) -> InvalidValue {
        InvalidValue("command", reason)
    }

    private struct Splitter {
        private enum State {
            case blank
            case plain
            case single(since: Int)
            case double(since: Int)
        }

        private var state = State.blank
        private var isEscaped = false
        private var word = String.UnicodeScalarView()
        private var words: [String] = []

        mutating func take(_ scalar: Unicode.Scalar, at position: Int) {
            switch state {
            case .single:
                if scalar == "'" { state = .plain } else { word.append(scalar) }
            case .double where isEscaped:
                isEscaped = false
                if !"\"\\$`\n".unicodeScalars.contains(scalar) { word.append("\\") }
                if scalar != "\n" { word.append(scalar) }
            case .double:
                switch scalar {
                case "\"": state = .plain
                case "\\": isEscaped = true
                default: word.append(scalar)
                }
            case .blank, .plain:
                takeUnquoted(scalar, at: position)
            }
        }

        private mutating func takeUnquoted(_ scalar: Unicode.Scalar, at position: Int) {
            if isEscaped {
                isEscaped = false
                // A backslash at the end of a line joins it with the next.
                guard scalar != "\n" else { return }
                word.append(scalar)
                state = .plain
                return
            }
            switch scalar {
            case "\\": isEscaped = true
            case "'": state = .single(since: position)
            case "\"": state = .double(since: position)
            case " ", "\t", "\n": endWord()
            default:
                word.append(scalar)
                state = .plain
            }
        }

        private mutating func endWord() {
            if case .plain = state { words.append(String(word)) }
            word = String.UnicodeScalarView()
            state = .blank
        }

        mutating func finish() throws(InvalidValue) -> [String] {
            switch state {
            case .single(let start): throw refusal("the single quote at character \(start) is not closed")
            case .double(let start): throw refusal("the double quote at character \(start) is not closed")
            case .blank, .plain: break
            }
            guard !isEscaped else { throw refusal("nothing follows the backslash at the end") }
            endWord()
            guard !words.isEmpty else { throw refusal("is empty; name a program") }
            return words
        }
    }
}
