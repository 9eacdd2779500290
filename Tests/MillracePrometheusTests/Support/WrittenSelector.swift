/// A selector as Prometheus writes it, read by the rules of Go's quoted strings: what it means, told by somebody else.
struct WrittenSelector: Equatable {
    struct Condition: Equatable, Comparable {
        let label: String
        let operation: String
        let value: [Unicode.Scalar]

        static func < (left: Condition, right: Condition) -> Bool {
            (left.label, left.operation) == (right.label, right.operation)
                ? left.value.lexicographicallyPrecedes(right.value)
                : (left.label, left.operation) < (right.label, right.operation)
        }
    }

    /// `nil` when no metric is named.
    private(set) var name: String?
    private(set) var conditions: [Condition] = []

    /// Reads a text that is one selector and nothing else; `nil` for every other.
    init?(_ text: String) {
        var rest = Array(text.unicodeScalars)[...]
        let name = Self.word(&rest)
        if !name.isEmpty { self.name = name }
        guard !rest.isEmpty else {
            if name.isEmpty { return nil }
            return
        }
        guard rest.popFirst() == "{", rest.popLast() == "}" else { return nil }
        while !rest.isEmpty {
            let label = Self.word(&rest)
            var operation = ""
            while let next = rest.first, "=!~".unicodeScalars.contains(next) {
                operation.unicodeScalars.append(next)
                rest.removeFirst()
            }
            guard !label.isEmpty, let value = Self.quoted(&rest) else { return nil }
            if label == "__name__", operation == "=", self.name == nil {
                self.name = String(String.UnicodeScalarView(value))
            } else {
                conditions.append(Condition(label: label, operation: operation, value: value))
            }
            if rest.first == "," { rest.removeFirst() } else if !rest.isEmpty { return nil }
        }
    }

    private static func word(_ rest: inout ArraySlice<Unicode.Scalar>) -> String {
        let word = rest.prefix { "{}=!~\",()[] \n".unicodeScalars.contains($0) == false }
        rest.removeFirst(word.count)
        return String(String.UnicodeScalarView(word))
    }

    private static func quoted(_ rest: inout ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar]? {
        guard rest.popFirst() == "\"" else { return nil }
        var value: [Unicode.Scalar] = []
        while let next = rest.popFirst() {
            if next == "\"" { return value }
            guard next == "\\" else {
                value.append(next)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            let simple: [Unicode.Scalar: Unicode.Scalar] = [
                "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{B}", "\\": "\\",
                "\"": "\"",
            ]
            if let scalar = simple[escape] {
                value.append(scalar)
                continue
            }
            let lengths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
            guard let length = lengths[escape], rest.count >= length,
                let number = UInt32(String(String.UnicodeScalarView(rest.prefix(length))), radix: 16),
                let scalar = Unicode.Scalar(number)
            else { return nil }
            rest.removeFirst(length)
            value.append(scalar)
        }
        return nil
    }
}
