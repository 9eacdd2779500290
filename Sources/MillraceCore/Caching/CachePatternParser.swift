/// Reads the text of a ``CachePattern``.
struct CachePatternParser {
    private var rest: Substring.UnicodeScalarView

    init(_ text: String) {
        rest = Substring(text).unicodeScalars
    }

    mutating func elements() throws(InvalidValue) -> [CachePattern.Element] {
        var elements: [CachePattern.Element] = []
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                // Two in a row mean what one means.
                if elements.last != .run { elements.append(.run) }
            case "?": elements.append(.one)
            case "[": elements.append(try set())
            case "\\": elements.append(.scalar(try escaped()))
            default: elements.append(.scalar(scalar))
            }
        }
        return elements
    }

    private mutating func escaped() throws(InvalidValue) -> Unicode.Scalar {
        guard let scalar = rest.popFirst() else {
            throw InvalidValue("cache pattern", #"ends in \, which takes the next character as itself; write \\ for \"#)
        }
        return scalar
    }

    /// Reads on behind `[`.
    private mutating func set() throws(InvalidValue) -> CachePattern.Element {
        let isNegated = rest.first == "^"
        if isNegated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let scalar = rest.popFirst() {
            if scalar == "]" {
                guard !ranges.isEmpty else {
                    throw InvalidValue("cache pattern", #"has [] with nothing in it; write \[ for ["#)
                }
                return .oneOf(ranges, isNegated: isNegated)
            }
            let first = scalar == "\\" ? try escaped() : scalar
            let last = try endOfRange() ?? first
            guard first <= last else {
                throw InvalidValue("cache pattern", "has [\(first)-\(last)], which is the wrong way round")
            }
            ranges.append(first...last)
        }
        throw InvalidValue("cache pattern", #"has a [ without its ]; write \[ for ["#)
    }

    /// Reads `-` and what is behind it, when that is a character of the set.
    private mutating func endOfRange() throws(InvalidValue) -> Unicode.Scalar? {
        guard rest.first == "-", let behind = rest.dropFirst().first, behind != "]" else { return nil }
        rest.removeFirst(2)
        return behind == "\\" ? try escaped() : behind
    }
}
