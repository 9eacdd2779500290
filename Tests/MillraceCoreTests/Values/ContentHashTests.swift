import Foundation
import MillraceCore
import Testing

@Suite struct ContentHashTests {
    private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test("It is SHA-256, in lower case")
    func knownAnswer() {
        #expect(ContentHash(of: Data("abc".utf8)).hex == abc)
        #expect("\(ContentHash(of: Data("abc".utf8)))" == abc)
    }

    @Test("Pieces hash as the whole does, and a builder can go on after it was read")
    func builder() {
        var builder = ContentHash.Builder()
        builder.update(Data("a".utf8))
        #expect(builder.finish() == ContentHash(of: Data("a".utf8)))
        builder.update(Data("bc".utf8))
        #expect(builder.finish().hex == abc)
    }

    @Test("No two lists of parts have one hash")
    func parts() {
        let lists = [
            [], [""], ["", ""], ["ab", "c"], ["a", "bc"], ["abc"], ["1:a"], ["a", "1:"], ["é"], ["e\u{301}"],
        ]
        #expect(Set(lists.map { ContentHash(ofParts: $0) }).count == lists.count)
    }

    @Test("Digits of either case are read as one hash")
    func reads() throws {
        #expect(try ContentHash(hex: abc.uppercased()) == ContentHash(of: Data("abc".utf8)))
    }

    @Test(
        "What is not 64 hexadecimal digits is refused",
        arguments: [
            "", String(repeating: "a", count: 63), String(repeating: "a", count: 65), String(repeating: "g", count: 64),
            String(repeating: "a", count: 61) + "ａ", String(repeating: " ", count: 64),
        ])
    func refuses(hex: String) {
        #expect(throws: InvalidValue("content hash", "must be 64 hexadecimal digits")) { try ContentHash(hex: hex) }
    }

    @Test("It is coded as a string, and decoding checks it")
    func codes() throws {
        let hash = ContentHash(of: Data())
        #expect(try JSONDecoder().decode([ContentHash].self, from: JSONEncoder().encode([hash])) == [hash])
        #expect(throws: InvalidValue.self) { try JSONDecoder().decode([ContentHash].self, from: Data(#"["a"]"#.utf8)) }
    }
}
