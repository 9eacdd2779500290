/// The grammar of cache patterns, read and applied as simply as can be: by a list of parts and by trying everything.
struct PlainGlob {
    private typealias Scalar = Unicode.Scalar

    private enum Part {
        case run
        case one((Unicode.Scalar) -> Bool)
    }

    private let parts: [Part]

    /// `nil` for what is no pattern.
    init?(_ text: String) {
        guard let parts = Self.parts(of: Array(text.unicodeScalars)), !parts.isEmpty else { return nil }
        self.parts = parts
    }

    func matches(_ key: String) -> Bool {
        Self.matches(Array(key.unicodeScalars)[...], parts[...])
    }

    private static func matches(_ key: ArraySlice<Scalar>, _ parts: ArraySlice<Part>) -> Bool {
        switch parts.first {
        case nil: return key.isEmpty
        case .run: return (key.startIndex...key.endIndex).contains { matches(key[$0...], parts.dropFirst()) }
        case .one(let accepts):
            guard let first = key.first, accepts(first) else { return false }
            return matches(key.dropFirst(), parts.dropFirst())
        }
    }

    private static func parts(of text: [Scalar]) -> [Part]? {
        var parts: [Part] = []
        var index = 0
        while index < text.count {
            switch text[index] {
            case "*": parts.append(.run)
            case "?": parts.append(.one { _ in true })
            case "\\":
                index += 1
                guard index < text.count else { return nil }
                let own = text[index]
                parts.append(.one { $0 == own })
            case "[":
                guard let set = set(in: text, from: index + 1) else { return nil }
                parts.append(.one(set.accepts))
                index = set.end
            case let own: parts.append(.one { $0 == own })
            }
            index += 1
        }
        return parts
    }

    /// What stands behind `[`, and where its `]` is.
    private static func set(in text: [Scalar], from start: Int) -> (accepts: (Scalar) -> Bool, end: Int)? {
        var index = start
        let isNegated = index < text.count && text[index] == "^"
        if isNegated { index += 1 }
        // What is escaped means itself, so it is told apart from signs before anything else.
        var signs: [(scalar: Scalar, isPlain: Bool)] = []
        while true {
            guard index < text.count else { return nil }
            if text[index] == "]" { break }
            let isEscape = text[index] == "\\"
            if isEscape { index += 1 }
            guard index < text.count else { return nil }
            signs.append((text[index], !isEscape))
            index += 1
        }
        var ranges: [(Scalar, Scalar)] = []
        var rest = signs[...]
        while let low = rest.popFirst() {
            var high = low
            if let dash = rest.first, dash.scalar == "-", dash.isPlain, rest.count > 1 {
                high = rest[rest.startIndex + 1]
                rest = rest.dropFirst(2)
            }
            guard low.scalar <= high.scalar else { return nil }
            ranges.append((low.scalar, high.scalar))
        }
        guard !ranges.isEmpty else { return nil }
        return ({ scalar in ranges.contains { $0.0 <= scalar && scalar <= $0.1 } != isNegated }, index)
    }
}
