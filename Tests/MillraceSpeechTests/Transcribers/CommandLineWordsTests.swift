import MillraceCore
import MillraceSpeech
import MillraceTesting
import Testing

@Suite struct CommandLineWordsTests {
    @Test(arguments: [
        ("a", ["a"]),
        ("  a\tb \n c  ", ["a", "b", "c"]),
        ("whisper --file {file} -l en", ["whisper", "--file", "{file}", "-l", "en"]),
        ("a 'b c' d", ["a", "b c", "d"]),
        ("a 'b \"c\" \\d' e", ["a", "b \"c\" \\d", "e"]),
        ("a \"b 'c' d\"", ["a", "b 'c' d"]),
        (#"a "b \"c\" \\ \$x \`y\` \n""#, ["a", #"b "c" \ $x `y` \n"#]),
        ("a \"b\\\nc\"", ["a", "bc"]),
        (#"a\ b c\'d \\"#, ["a b", "c'd", "\\"]),
        ("a\\\nb c", ["ab", "c"]),
        ("a \\\n b", ["a", "b"]),
        ("a''b \"\" ''", ["ab", "", ""]),
        ("pre'mid dle'\"end $HOME\"*.wav", ["premid dleend $HOME*.wav"]),
        ("a | b > c && d; e #f", ["a", "|", "b", ">", "c", "&&", "d;", "e", "#f"]),
        ("größer \u{1F3A4}", ["größer", "\u{1F3A4}"]),
    ])
    func `splits as a shell does`(text: String, words: [String]) throws {
        #expect(try CommandLineWords(text).words == words)
    }

    @Test(arguments: [
        ("", "empty"), ("  \n", "empty"), ("a 'b", "single quote at character 3"),
        ("ab \"c 'd'", "double quote at character 4"), ("a 'it''s", "single quote at character 7"),
        ("a\\", "nothing follows the backslash"), ("a\0b", "character 2 is NUL"), ("\\\n", "empty"),
    ])
    func `says what is wrong and where`(text: String, part: String) {
        #expect {
            try CommandLineWords(text)
        } throws: {
            "\($0)".contains(part)
        }
    }

    @Test func `takes any text without a crash, and what it quotes itself`() throws {
        let seed = TestSeed.value
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("ab \t\n'\"\\$`é{}")
        for _ in 0..<2_000 {
            let text = String(
                (0..<Int.random(in: 0...20, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                })
            _ = try? CommandLineWords(text)
            let quoted = "'" + text.replacing("'", with: "'\\''") + "'"
            #expect(try CommandLineWords("x \(quoted) y").words == ["x", text, "y"], "seed \(seed)")
        }
    }
}
