import Testing

@testable import MillraceTesting

@Suite struct SeededGeneratorTests {
    @Test func `equal seeds give equal numbers`() {
        var left = SeededGenerator(seed: 7)
        var right = SeededGenerator(seed: 7)
        for _ in 0..<100 { #expect(left.next() == right.next()) }
    }

    @Test func `the numbers are those of SplitMix64`() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
    }

    @Test func `different seeds give different numbers`() {
        var left = SeededGenerator(seed: 1)
        var right = SeededGenerator(seed: 2)
        #expect(left.next() != right.next())
    }

    @Test(arguments: [("42", UInt64(42)), ("", nil), (nil, nil), ("seven", nil), ("-1", nil)] as [(String?, UInt64?)])
    func `the seed is a plain number`(text: String?, seed: UInt64?) {
        #expect(TestSeed.parse(text) == seed)
    }
}
