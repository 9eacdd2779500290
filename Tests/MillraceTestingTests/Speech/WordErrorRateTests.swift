import MillraceTesting
import Testing

@Suite struct WordErrorRateTests {
    @Test(arguments: [
        ("", "", 0, 0),
        ("one two three", "one two three", 3, 0),
        ("One, two; three!", "one two three", 3, 0),
        ("one two three", "", 3, 3),
        ("", "one", 0, 1),
        ("one two three", "one three", 3, 1),
        ("one two three", "one too three four", 3, 2),
        ("the mill's wheel", "the mills wheel", 3, 0),
        ("well-made bread", "well made bread", 3, 0),
    ])
    func `counts replaced, inserted and deleted words`(said: String, heard: String, words: Int, errors: Int) {
        let rate = WordErrorRate(said: said, heard: heard)
        #expect(rate.words == words)
        #expect(rate.errors == errors)
    }

    @Test func `is a share of the words said`() {
        #expect(WordErrorRate(said: "a b c d", heard: "a b c x").percent == 25)
        #expect(WordErrorRate(said: "", heard: "").percent == 0)
    }
}
