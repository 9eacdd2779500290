import Foundation
import MillraceCore
import MillraceTesting
import Testing

@Suite struct IdentifierTests {
    @Test("A new identifier is laid out as RFC 9562 says, the time in its first 48 bits")
    func layout() {
        var generator = TestSeed.generator()
        for milliseconds in [0, 1, 1_700_000_000_123, (1 << 48) - 1] as [Int64] {
            let time = Timestamp(microseconds: milliseconds * 1_000 + 999)
            let id = JobID.make(at: time, using: &generator)
            let bytes = withUnsafeBytes(of: id.uuid.uuid) { Array($0) }
            #expect(bytes[..<6].reduce(Int64(0)) { $0 << 8 | Int64($1) } == milliseconds)
            #expect(bytes[6] >> 4 == 7)
            #expect(bytes[8] >> 6 == 2)
        }
    }

    @Test("A time before 1970 counts as its beginning")
    func beforeEpoch() {
        #expect("\(JobID.make(at: Timestamp(microseconds: -5)))".hasPrefix("00000000-0000-7"))
    }

    @Test("All 74 other bits are random")
    func randomBits() {
        var generator = TestSeed.generator()
        var (ones, zeros) = ([UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 16))
        for _ in 0..<200 {
            let bytes = withUnsafeBytes(of: JobID.make(at: .zero, using: &generator).uuid.uuid) { Array($0) }
            for index in 0..<16 {
                ones[index] |= bytes[index]
                zeros[index] |= ~bytes[index]
            }
        }
        let changing = zip(ones, zeros).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
        #expect(changing == 74)
    }

    @Test("The same generator gives the same identifier, the system's never gives one twice")
    func reproducible() {
        var (one, two) = (SeededGenerator(seed: 7), SeededGenerator(seed: 7))
        #expect(JobID.make(at: .after(1), using: &one) == JobID.make(at: .after(1), using: &two))
        #expect(Set((0..<1_000).map { _ in JobID.make(at: .after(1)) }).count == 1_000)
    }

    @Test("The order is that of the bytes, and so of the making")
    func order() {
        var generator = TestSeed.generator()
        let made = (0..<200).map { JobID.make(at: Timestamp(microseconds: $0 * 1_000), using: &generator) }
        #expect(made.shuffled(using: &generator).sorted() == made)
        let random = (0..<200).map { _ in JobID(UUID()) }
        #expect(
            random.sorted()
                == random.sorted { left, right in
                    withUnsafeBytes(of: left.uuid.uuid) { Array($0) }
                        .lexicographicallyPrecedes(withUnsafeBytes(of: right.uuid.uuid) { Array($0) })
                })
    }

    @Test("The text has 36 lower-case characters and comes back from either case")
    func text() throws {
        let id = ChunkID.make(at: .after(0))
        #expect("\(id)".count == 36 && "\(id)" == "\(id)".lowercased())
        #expect(ChunkID("\(id)") == id)
        #expect(ChunkID("\(id)".uppercased()) == id)
        let data = try JSONEncoder().encode([id])
        #expect(String(decoding: data, as: UTF8.self) == "[\"\(id)\"]")
        #expect(try JSONDecoder().decode([ChunkID].self, from: data) == [id])
    }

    @Test(
        "Other texts are no identifier",
        arguments: [
            "", "x", "018f0000-0000-7001-8002-03040506070", "018f000000007001800203040506070800", " ",
            "018f0000-0000-7001-8002-0304050607080", "018f000-00000-7001-8002-030405060708",
            "018f0000-0000-7001-8002-03040506070g", "018f0000-0000-7001-8002-0304050607é",
            "018f0000-0000-7001-8002_030405060708", "{18f0000-0000-7001-8002-030405060708",
        ])
    func refuses(text: String) {
        #expect(JobID(text) == nil)
        #expect(throws: (any Error).self) { try JSONDecoder().decode([JobID].self, from: Data("[\"\(text)\"]".utf8)) }
    }
}
