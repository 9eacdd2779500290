import MillracePrometheus
import MillraceTesting
import Testing

@Suite("The block format of Snappy")
struct SnappyBlockTests {
    @Test("gives back what was compressed, also of nothing")
    func goesAndComes() {
        var random = TestSeed.generator()
        for count in [0, 1, 100, 70_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...7, using: &random) }
            let block = SnappyBlock.compress(bytes)
            #expect(SnappyBlock.decompress(block, limit: count) == bytes)
        }
    }

    @Test("is refused when it is cut off, and when it would hold more than is allowed")
    func damaged() {
        let block = SnappyBlock.compress([UInt8](repeating: 1, count: 1_000))
        #expect(SnappyBlock.decompress(Array(block.dropLast()), limit: 1_000) == nil)
        #expect(SnappyBlock.decompress([], limit: 1_000) == nil)
        #expect(SnappyBlock.decompress(block, limit: 999) == nil)
    }
}
