import MillraceCore
import Testing

@Suite struct CacheKeyTests {
    @Test(
        "A key of 1 to 500 bytes is taken as it is",
        arguments: [
            "a", " ", "user:*?[x]\\", "日本", String(repeating: "k", count: 500), String(repeating: "é", count: 250),
        ])
    func accepts(text: String) throws {
        let key = try CacheKey(text)
        #expect(key.text == text && "\(key)" == text)
    }

    @Test(
        "Other keys are refused with the reason",
        arguments: [
            ("", "must not be empty"),
            (String(repeating: "k", count: 501), "is 501 bytes long; at most 500 are allowed"),
            (String(repeating: "é", count: 251), "is 502 bytes long; at most 500 are allowed"),
            ("a\0", "must not contain control characters"), ("a\r\n", "must not contain control characters"),
            ("\u{7F}", "must not contain control characters"), ("\u{9F}", "must not contain control characters"),
        ])
    func refuses(text: String, reason: String) {
        #expect(throws: InvalidValue("cache key", reason)) { try CacheKey(text) }
    }

    @Test("Keys are their bytes: two spellings of one letter are two keys, as in every store")
    func bytes() throws {
        let (composed, decomposed) = (try CacheKey("caf\u{E9}"), try CacheKey("cafe\u{301}"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test("A content key is the prefix and a hash that tells lists of parts apart")
    func content() {
        let key = CacheKey.content(prefix: "chunk", parts: ["a", "b"])
        #expect(key == .content(prefix: "chunk", parts: ["a", "b"]))
        #expect(key != .content(prefix: "chunk", parts: ["ab"]))
        #expect(key != .content(prefix: "other", parts: ["a", "b"]))
        #expect(key.text == "chunk:\(ContentHash(ofParts: ["a", "b"]))")
    }
}
