import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct PocketSphinxOutputTests {
    @Test func `reads CTM and drops fillers and marks`() {
        let output = """
            chunk 1 0.29 0.19 the 0.998
            chunk 1 0.49 0.24 mill 0.755
            chunk 1 0.80 0.10 <sil> 1.000
            chunk 1 0.90 0.10 [NOISE] 0.500
            chunk 1 1.00 0.10 ++UM++ 0.500
            chunk 1 2.27 0.19 and(2) 0.842
            chunk 1 x 0.19 broken 0.842
            INFO: something else

            chunk 1 nan 0.1 never 1
            chunk 1 3.00 -0.1 never 1
            chunk 1 3.00 4.5 noise 1
            chunk 1 2.47 0.51 o'clock 0.999
            """
        let words = PocketSphinxOutput.words(ctm: Array(output.utf8))
        #expect(words.map(\.text) == ["the", "mill", "and", "o'clock"])
        #expect(words.map(\.start) == [0.29, 0.49, 2.27, 2.47])
        #expect(abs(words[1].end - 0.73) < 1e-9)
    }

    @Test func `reads the lines of version 5`() {
        let output = """
            {"b":0.000,"d":2.500,"p":1.000,"t":"the mill","w":[{"b":0.000,"d":0.280,"p":1.000,"t":"<s>"},\
            {"b":0.290,"d":0.190,"p":0.998,"t":"the"},{"b":0.490,"d":0.240,"p":0.755,"t":"mill(2)"},\
            {"b":0.740,"d":0.100,"p":1.000,"t":"<sil>"},{"b":2.400,"d":0.100,"p":1.000,"t":"</s>"}]}
            not JSON
            {"b":2.5,"d":0.5,"p":1.0,"t":"","w":[]}
            {"b":3.0,"d":0.5,"p":1.0,"t":"runs","w":[{"b":3.0,"d":0.4,"p":0.9,"t":"runs"}]}
            """
        let words = PocketSphinxOutput.words(json: Array(output.utf8))
        #expect(words.map(\.text) == ["the", "mill", "runs"])
        #expect(words.map(\.start) == [0.29, 0.49, 3])
    }

    @Test func `takes control characters out of words, and words that hold nothing else`() {
        let ctm = "chunk 1 0.1 0.2 a\tb 1\nchunk 1 0.4 0.2 \u{0}\u{1B} 1\nchunk 1 0.7 0.2 c\u{7}d\u{0}(2) 1"
        #expect(PocketSphinxOutput.words(ctm: Array(ctm.utf8)).map(\.text) == ["a b", "c d"])
        let json = #"{"w":[{"b":0,"d":1,"t":"\u0000"},{"b":1,"d":1,"t":" a\n\u0007b "}]}"#
        #expect(PocketSphinxOutput.words(json: Array(json.utf8)).map(\.text) == ["a b"])
    }

    @Test func `groups words at pauses and within ten seconds`() {
        let words = [
            Word(start: 0.1, end: 0.5, text: "one"), Word(start: 0.6, end: 1, text: "two"),
            Word(start: 1.5, end: 2, text: "three"),
        ]
        let segments = PocketSphinxOutput.segments(of: words.reversed(), duration: 1.8)
        #expect(segments.map(\.text) == ["one two", "three"])
        #expect(segments.map(\.start) == [0.1, 1.5])
        #expect(segments.map(\.end) == [1, 1.8])
        #expect(segments[0].words == Array(words[..<2]))
        let steady = (0..<30).map { Word(start: Double($0), end: Double($0) + 0.9, text: "w") }
        let long = PocketSphinxOutput.segments(of: steady, duration: 30)
        #expect(long.count == 3)
        #expect(long.allSatisfy { $0.end - $0.start <= 10 })
        #expect(PocketSphinxOutput.segments(of: [], duration: 5) == [])
    }

    @Test func `never crashes on what a program may write`() {
        let seed = TestSeed.value
        var generator = SeededGenerator(seed: seed)
        let good = Array(
            "chunk 1 0.29 0.19 the(2) 0.998\n{\"b\":0,\"w\":[{\"b\":0.29,\"d\":0.19,\"p\":0.998,\"t\":\"the\"}]}\n".utf8
        )
        for _ in 0..<5_000 {
            var bytes = good + good
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            for words in [PocketSphinxOutput.words(ctm: bytes), PocketSphinxOutput.words(json: bytes)] {
                for segment in PocketSphinxOutput.segments(of: words, duration: 1) {
                    #expect(segment.start >= 0 && segment.start <= segment.end && segment.end <= 1, "seed \(seed)")
                }
            }
        }
    }
}
