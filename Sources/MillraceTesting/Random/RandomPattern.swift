public import MillraceCore

/// Random keys and patterns out of few characters, so that they often match.
public enum RandomPattern {
    private static let characters: [Unicode.Scalar] = [
        "a", "b", "c", "A", "-", "^", "*", "?", "[", "]", "\\", "_", "%", ".", "ä", "\u{308}", "日", "\u{10FFFF}",
    ]

    /// Keys and a pattern for each round of a rule, first the simplest: each kind of part alone, over each character
    /// alone, or what a seed happens to draw would decide what is noticed.
    package static func rounds(
        _ count: Int, keys: Int, using random: inout some RandomNumberGenerator
    ) -> [(keys: Set<CacheKey>, pattern: CachePattern)] {
        let shortest = Set(characters.map { CacheKey(stored: String(Character($0))) })
        var rounds = simplest.compactMap { try? CachePattern($0) }.map { (keys: shortest, pattern: $0) }
        for _ in 0..<count {
            let keys = Set((0..<keys).map { _ in key(using: &random) })
            rounds.append((keys, pattern(using: &random)))
        }
        return rounds
    }

    private static let simplest = [
        "*", "?", "[a-c]", "[^a-c]", "a", "A", "_", "%", "]", "^", #"\*"#, #"\?"#, #"\["#, #"\\"#, #"[\]\-\^]"#,
    ]

    /// A key of one to eight characters.
    public static func key(using random: inout some RandomNumberGenerator) -> CacheKey {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...8, using: &random) { text.append(scalar(using: &random)) }
        return CacheKey(stored: String(text))
    }

    /// A pattern of the grammar, of one to eight parts.
    public static func pattern(using random: inout some RandomNumberGenerator) -> CachePattern {
        while true {
            var text = ""
            for _ in 0..<Int.random(in: 1...8, using: &random) { text += part(using: &random) }
            if let pattern = try? CachePattern(text) { return pattern }
        }
    }

    /// A text that may or may not be a pattern.
    public static func text(using random: inout some RandomNumberGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...10, using: &random) { text.append(scalar(using: &random)) }
        return String(text)
    }

    private static func scalar(using random: inout some RandomNumberGenerator) -> Unicode.Scalar {
        characters.randomElement(using: &random) ?? "a"
    }

    private static func part(using random: inout some RandomNumberGenerator) -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: return "*"
        case 2: return "?"
        case 3, 4: return set(using: &random)
        default: return literal(scalar(using: &random), escaping: ["*", "?", "[", "\\"])
        }
    }

    private static func set(using random: inout some RandomNumberGenerator) -> String {
        var text = Bool.random(using: &random) ? "[" : "[^"
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let pair = [scalar(using: &random), scalar(using: &random)].sorted()
            text += literal(pair[0], escaping: ["]", "\\", "-", "^"])
            if Bool.random(using: &random) { text += "-" + literal(pair[1], escaping: ["]", "\\", "-", "^"]) }
        }
        return text + "]"
    }

    private static func literal(_ scalar: Unicode.Scalar, escaping special: Set<Unicode.Scalar>) -> String {
        special.contains(scalar) ? "\\\(scalar)" : String(Character(scalar))
    }
}
