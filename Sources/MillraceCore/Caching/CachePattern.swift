/// A pattern for the keys of cached values: the one grammar that every tier goes by.
///
/// | in a pattern | stands for |
/// | --- | --- |
/// | `*` | any number of characters, none included |
/// | `?` | one character |
/// | `[a-z]`, `[abc]` | one of these characters; `-` at either end means itself |
/// | `[^x]` | one character that is none of these |
/// | `\` | takes the next character as itself |
/// | anything else | itself, upper and lower case told apart |
///
/// A character is a Unicode scalar, so a key matches by its bytes alone, as keys are compared. The whole key must match.
/// Matching takes no more steps than the lengths of key and pattern multiplied.
public struct CachePattern: Hashable, Sendable, CustomStringConvertible {
    /// No pattern is longer, in bytes.
    public static let maximumBytes = 1_000
    /// Every key.
    public static let everything = CachePattern(exact: ExactText("*"), elements: [.run])

    enum Element: Hashable, Sendable {
        case scalar(Unicode.Scalar)
        case one
        case run
        case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    /// The pattern as it was written.
    public var text: String { exact.text }

    private let exact: ExactText
    private let elements: [Element]

    /// Reads a pattern.
    ///
    /// - Throws: ``InvalidValue`` when it is empty, too long or not of the grammar; the reason says what to write instead.
    public init(_ text: String) throws(InvalidValue) {
        guard !text.isEmpty else { throw InvalidValue("cache pattern", "must not be empty; * stands for every key") }
        guard text.utf8.count <= Self.maximumBytes else {
            throw InvalidValue(
                "cache pattern", "is \(text.utf8.count) bytes long; at most \(Self.maximumBytes) are allowed")
        }
        guard !CacheKey.holdsControlCharacters(text) else {
            throw InvalidValue("cache pattern", "must not contain control characters: no key does")
        }
        var parser = CachePatternParser(text)
        self.init(exact: ExactText(text), elements: try parser.elements())
    }

    private init(exact: ExactText, elements: [Element]) {
        self.exact = exact
        self.elements = elements
    }

    /// The characters that every matching key begins with; empty when there are none.
    public var literalPrefix: String {
        var prefix = String.UnicodeScalarView()
        for element in elements {
            guard case .scalar(let scalar) = element else { break }
            prefix.append(scalar)
        }
        return String(prefix)
    }

    /// The first text, in the order of bytes, behind all that begin with the prefix; `nil` when nothing is behind them.
    ///
    /// Matching keys lie from ``literalPrefix`` up to here, so an ordered store need not look at others.
    public var endOfPrefix: String? {
        var scalars = Array(literalPrefix.unicodeScalars)
        while let last = scalars.popLast() {
            // Between U+D7FF and U+E000 lie no characters.
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            guard let next = Unicode.Scalar(next) else { continue }
            return String(String.UnicodeScalarView(scalars + [next]))
        }
        return nil
    }

    /// Whether a key is meant.
    public func matches(_ key: CacheKey) -> Bool {
        let scalars = key.text.unicodeScalars
        var place = scalars.startIndex
        var index = 0
        // Behind the last `*` and where it ends as of now; an earlier one never has to take more.
        var retry: (index: Int, place: String.UnicodeScalarView.Index)?
        while place < scalars.endIndex {
            if index < elements.count, elements[index] == .run {
                index += 1
                retry = (index, place)
            } else if index < elements.count, elements[index].accepts(scalars[place]) {
                index += 1
                place = scalars.index(after: place)
            } else {
                guard let last = retry else { return false }
                place = scalars.index(after: last.place)
                index = last.index
                retry = (index, place)
            }
        }
        return elements[index...].allSatisfy { $0 == .run }
    }

    /// Whether a key is meant by one of several patterns, one a line, as a statement gathers them: no pattern holds a line
    /// break.
    ///
    /// - Throws: ``InvalidValue`` when a line is no pattern.
    public static func matches(_ key: CacheKey, anyOf lines: String) throws(InvalidValue) -> Bool {
        for line in lines.split(separator: "\n") {
            if try CachePattern(String(line)).matches(key) { return true }
        }
        return false
    }

    /// The pattern.
    public var description: String { text }
}

extension CachePattern.Element {
    fileprivate func accepts(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .scalar(let own): own == scalar
        case .one, .run: true
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
