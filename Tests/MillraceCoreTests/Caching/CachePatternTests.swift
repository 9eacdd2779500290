import MillraceTesting
import Testing

@testable import MillraceCore

@Suite("CachePattern")
struct CachePatternTests {
    @Test(
        "Malformed patterns are refused with what to write instead",
        arguments: [
            ("", "must not be empty"), ("a\u{0}", "control characters"), ("a\u{85}", "control characters"),
            ("a\\", "ends in \\"), ("a[bc", "a [ without its ]"), ("[", "a [ without its ]"),
            ("[^", "a [ without its ]"),
            ("[]", "[] with nothing in it"), ("[^]", "[] with nothing in it"),
            ("[z-a]", "[z-a], which is the wrong way"),
            ("[a\\", "ends in \\"), ("[a-\\", "ends in \\"), ("[a\\]", "a [ without its ]"),
            (String(repeating: "a", count: 1_001), "1001 bytes long"),
        ])
    func malformed(text: String, reason: String) {
        #expect(throws: InvalidValue.self) { try CachePattern(text) }
        do throws(InvalidValue) {
            _ = try CachePattern(text)
        } catch {
            #expect(error.reason.contains(reason), "\(error)")
        }
    }

    @Test(
        "Each sign of the grammar means what the table says",
        arguments: [
            ("*", "a", true), ("*", "日本", true), ("a*", "a", true), ("*a", "ba", true), ("a*c", "abbbc", true),
            ("a*c", "abbb", false), ("*a*a*", "a", false), ("*a*a*", "aa", true), ("?", "日", true), ("?", "ab", false),
            ("a?", "a", false), ("[abc]", "b", true), ("[abc]", "d", false), ("[a-c]", "b", true),
            ("[a-c]", "C", false),
            ("[^a-c]", "d", true), ("[^a-c]", "b", false), ("[^a]", "ab", false), ("[-a]", "-", true),
            ("[a-]", "-", true), ("[a-c-e]", "-", true), ("[a-c-e]", "d", false), ("[\\]]", "]", true),
            ("[\\^a]", "^", true), ("[a^]", "^", true), ("[\\a-\\c]", "b", true), ("[!a]", "!", true),
            ("]", "]", true), ("\\*", "*", true), ("\\*", "a", false), ("\\a", "a", true), ("a.c", "abc", false),
            ("a%", "ab", false), ("a_", "ab", false), ("A", "a", false), ("é", "e\u{301}", false),
        ])
    func meaning(pattern: String, key: String, matches: Bool) throws {
        #expect(try CachePattern(pattern).matches(CacheKey(key)) == matches)
    }

    @Test("Random patterns match what a plain recursive matcher matches")
    func reference() throws {
        var random = SeededGenerator(seed: TestSeed.value)
        var matched = 0
        for _ in 0..<50_000 {
            let pattern = RandomPattern.pattern(using: &random)
            let key = RandomPattern.key(using: &random)
            let expected = PlainGlob.matches(Array(key.text.unicodeScalars), Array(pattern.text.unicodeScalars))
            #expect(pattern.matches(key) == expected, "\(pattern) on \(key), seed \(TestSeed.value)")
            matched += expected ? 1 : 0
        }
        // Else the comparison would show nothing.
        #expect(matched > 2_000)
    }

    @Test("Whatever is read as a pattern or refused, nothing fails in another way")
    func anything() {
        var random = SeededGenerator(seed: TestSeed.value)
        for _ in 0..<20_000 {
            let text = RandomPattern.text(using: &random)
            guard let pattern = try? CachePattern(text) else { continue }
            #expect(pattern.text.utf8.elementsEqual(text.utf8))
            _ = pattern.matches(RandomPattern.key(using: &random))
        }
    }

    @Test("Every match lies between the prefix and its end, in the order of bytes")
    func range() {
        var random = SeededGenerator(seed: TestSeed.value)
        for _ in 0..<50_000 {
            let pattern = RandomPattern.pattern(using: &random)
            let key = RandomPattern.key(using: &random)
            guard pattern.matches(key) else { continue }
            let bytes = Array(key.text.utf8)
            let first = Array(pattern.literalPrefix.utf8)
            #expect(!bytes.lexicographicallyPrecedes(first), "\(pattern) on \(key), seed \(TestSeed.value)")
            guard let end = pattern.endOfPrefix else { continue }
            #expect(bytes.lexicographicallyPrecedes(Array(end.utf8)), "\(pattern) on \(key), seed \(TestSeed.value)")
        }
    }

    @Test(
        "The prefix ends before the first sign, and its end is the next text of its length",
        arguments: [
            ("user:*", "user:", "user;"), (#"a\*b?"#, "a*b", "a*c"), ("*", "", nil), ("[a]b", "", nil),
            ("a\u{10FFFF}*", "a\u{10FFFF}", "b"), ("\u{10FFFF}*", "\u{10FFFF}", nil),
            ("\u{D7FF}?", "\u{D7FF}", "\u{E000}"),
        ] as [(String, String, String?)])
    func prefix(pattern: String, prefix: String, end: String?) throws {
        let pattern = try CachePattern(pattern)
        #expect(pattern.literalPrefix == prefix)
        #expect(pattern.endOfPrefix == end)
    }

    @Test("A pattern made to be slow is matched in time")
    func slow() throws {
        // Exponential to a matcher that tries all ways: 3^100 and more.
        let pattern = try CachePattern(String(repeating: "*a", count: 200) + "b")
        #expect(try !pattern.matches(CacheKey(String(repeating: "a", count: 500))))
    }

    @Test("Patterns are told apart by their bytes")
    func equality() throws {
        #expect(try CachePattern("a*") == CachePattern("a*"))
        #expect(try CachePattern("é") != CachePattern("e\u{301}"))
        #expect(CachePattern.everything.matches(CacheKey(stored: "x")))
    }
}

/// The grammar as a table would have it, by recursion, for short texts.
private enum PlainGlob {
    static func matches(_ key: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
        guard let sign = pattern.first else { return key.isEmpty }
        if sign == "*" {
            return (0...key.count).contains { matches(Array(key[$0...]), Array(pattern.dropFirst())) }
        }
        guard let first = key.first else { return false }
        let (isMeant, length) = one(first, pattern)
        return isMeant && matches(Array(key.dropFirst()), Array(pattern.dropFirst(length)))
    }

    /// Whether the first part of a pattern means a character, and how long that part is.
    private static func one(_ scalar: Unicode.Scalar, _ pattern: [Unicode.Scalar]) -> (Bool, Int) {
        switch pattern[0] {
        case "?": return (true, 1)
        case "\\": return (pattern[1] == scalar, 2)
        case "[": break
        default: return (pattern[0] == scalar, 1)
        }
        var index = 1
        let isNegated = pattern[index] == "^"
        if isNegated { index += 1 }
        var isIn = false
        while pattern[index] != "]" {
            if pattern[index] == "\\" { index += 1 }
            let low = pattern[index]
            var high = low
            index += 1
            if pattern[index] == "-", pattern[index + 1] != "]" {
                index += 1
                if pattern[index] == "\\" { index += 1 }
                high = pattern[index]
                index += 1
            }
            if low <= scalar, scalar <= high { isIn = true }
        }
        return (isIn != isNegated, index + 1)
    }
}
