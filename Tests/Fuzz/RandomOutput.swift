internal import MillraceTesting

/// Makes up what engines write: near enough to what they should, so that readers get far into it.
struct RandomOutput {
    var generator: SeededGenerator

    private static let texts = [
        "so", "mill", "the stone turns", "", " ", "naïve", "e\u{301}", "日本語", "\u{202E}rtl", "<sil>", "[NOISE]",
        "and(2)", "(", "{laughs}", "\u{FEFF}", "\u{A0}", "a\tb",
    ]
    private static let escapes = [#"\u0000"#, #"\n"#, #"\u001b[31m"#, #"\ud800"#, #"\ud83d\ude00"#, #"\""#, #"\x"#]
    private static let numbers = [
        "0", "-0", "1", "2.5", "-1", "1e3", "1e308", "-1e308", "1e309", "NaN", "Infinity", "null", "true", "\"1\"",
        "4.9e-324", "0.1e", "01", "1.", "18446744073709551616", "[]",
    ]

    /// What a command may answer.
    mutating func document() -> String {
        switch number(below: 6) {
        case 0: words(8)
        case 1: list { $0.segment() }
        case 2: object([("text", string())])
        default:
            object([
                ("segments", list { $0.segment() }), ("text", string()), ("language", string()),
                ("words", list { $0.word() }), ("task", string()), ("duration", time()),
            ])
        }
    }

    /// CTM, as `pocketsphinx_batch` writes it.
    mutating func timedWords() -> String {
        (0..<number(below: 12)).map { _ in
            let fields = ["chunk", "1", time(), time(), texts(), time()]
            return fields.prefix(number(below: 12) + 1).joined(separator: isLikely ? " " : "  ")
        }
        .joined(separator: isLikely ? "\n" : "\r\n")
    }

    /// JSON, as `pocketsphinx single` writes it: a line an utterance.
    mutating func utterances() -> String {
        (0..<number(below: 4)).map { _ in
            object([
                ("b", time()), ("d", time()), ("t", string()),
                ("w", list { $0.object([("b", $0.time()), ("d", $0.time()), ("t", $0.string())]) }),
            ])
        }
        .joined(separator: "\n")
    }

    private var isLikely: Bool {
        mutating get { number(below: 8) > 0 }
    }

    private mutating func segment() -> String {
        object([
            ("start", time()), ("end", time()), ("text", string()),
            ("words", list { $0.word() }),
        ])
    }

    private mutating func word() -> String {
        object([("start", time()), ("end", time()), ("word", string()), ("text", string())])
    }

    /// Members now and then missing, twice or of the wrong kind.
    private mutating func object(_ members: [(String, String)]) -> String {
        let present = members.flatMap { name, value -> [String] in
            guard isLikely else { return number(below: 2) == 0 ? [] : ["\"\(name)\":\(time())"] }
            let member = "\"\(name)\":\(value)"
            return number(below: 30) == 0 ? [member, member] : [member]
        }
        return "{" + present.joined(separator: isLikely ? "," : " ,\n") + (isLikely ? "}" : "")
    }

    private mutating func list(_ element: (inout RandomOutput) -> String) -> String {
        "[" + (0..<number(below: 5)).map { _ in element(&self) }.joined(separator: ",") + (isLikely ? "]" : ",]")
    }

    /// Mostly a time in order, now and then anything.
    private mutating func time() -> String {
        if !isLikely { return Self.numbers[number(below: Self.numbers.count)] }
        let time = "\(Double(number(below: 6_000)) / 100)"
        return isLikely ? time : "\"\(time)s\""
    }

    private mutating func string() -> String {
        let text = words(3).replacing("\t", with: #"\t"#)
        if isLikely { return "\"\(text)\"" }
        return "\"\(text)\(Self.escapes[number(below: Self.escapes.count)])\(texts())\""
    }

    private mutating func words(_ most: Int) -> String {
        (0..<number(below: most + 1)).map { _ in texts() }.joined(separator: " ")
    }

    private mutating func texts() -> String {
        Self.texts[number(below: Self.texts.count)]
    }

    private mutating func number(below limit: Int) -> Int {
        .random(in: 0..<limit, using: &generator)
    }
}
