public import MillraceCore

/// Random keys and patterns out of few characters, so that they often match.
public enum RandomPattern {
    private static let characters: [Unicode.Scalar] = [
        "a", "b", "c", "A", "-", "^", "*", "?", "[", "]", "\\", "_", "%", ".", "ä", "\u{308}", "日", "\u{10FFFF}",
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
