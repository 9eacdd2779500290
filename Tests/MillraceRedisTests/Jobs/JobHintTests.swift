import MillraceCore
import MillraceTesting
import NIOCore
import Testing

@testable import MillraceRedis

/// How places and kinds of jobs are written in Redis.
@Suite struct JobHintTests {
    private func place(using generator: inout SeededGenerator) -> JobPlace {
        let time = Timestamp(microseconds: 1_767_225_600_000_000 + Int64.random(in: 0..<3, using: &generator))
        return JobPlace(
            priority: JobPriority.allCases.randomElement(using: &generator) ?? .low, createdAt: time,
            id: .make(at: time, using: &generator))
    }

    @Test func `the order of scores, and of identities among equals, is the order of claims`() {
        var generator = SeededGenerator(seed: TestSeed.value)
        for _ in 0..<2_000 {
            let (one, two) = (place(using: &generator), place(using: &generator))
            let (first, second) = (JobHint.score(of: one), JobHint.score(of: two))
            #expect((one < two) == ((first, one.id) < (second, two.id)), "seed \(TestSeed.value)")
            // A score is a double there.
            #expect(Int64(Double(first)) == first)
        }
    }

    @Test func `a place is read back from how far a window reaches`() {
        var generator = SeededGenerator(seed: TestSeed.value)
        for _ in 0..<500 {
            let place = place(using: &generator)
            #expect(JobHint.place(at: JobHint.horizon(at: place)) == place, "seed \(TestSeed.value)")
        }
        for text in ["", "*", "00000000001767225600short", "no number at allxxxxxxxxxxxxxxxx"] {
            #expect(JobHint.place(at: ByteBuffer(string: text)) == nil)
        }
    }

    @Test func `jobs of before 2020 and of after 2091 are hinted at, in the order of their priorities`() {
        let id = JobID.make(at: Timestamp(microseconds: 0))
        func score(_ priority: JobPriority, _ time: Int64) -> Int64 {
            JobHint.score(of: JobPlace(priority: priority, createdAt: Timestamp(microseconds: time), id: id))
        }
        #expect(score(.high, .min) == 0)
        #expect(score(.high, .max) < score(.medium, .min))
        #expect(score(.medium, .max) < score(.low, .min))
        #expect(score(.low, .max) < 1 << 53)
    }

    @Test func `a kind is read back from the key of its hints`() throws {
        let ear = try EngineIdentity(kind: "ear", model: "large: v3", fingerprint: nil)
        for (type, engine) in [("merge", nil), ("a:b {c}", ear), ("work", ear)] as [(String, EngineIdentity?)] {
            let kind = JobKind(queueName: .default, type: try JobType(type), engine: engine)
            #expect(HintKeys.kind(suffix: HintKeys.suffix(of: kind), in: .default) == kind)
        }
        #expect(HintKeys.kind(suffix: "work\tno engine!", in: .default) == nil)
        #expect(HintKeys.kind(suffix: "", in: .default) == nil)
    }

    @Test func `an end is read back as it was written, and one that is too long, or not for good, is not written`()
        throws
    {
        let ends = [JobEnd.completed(result: JSONText(stored: #"["ä"]"#)), .completed(result: nil)]
        for end in ends { #expect(JobEndForm.end(try #require(JobEndForm.bytes(of: end))) == end) }
        let long = JSONText(stored: "\"" + String(repeating: "x", count: 70_000) + "\"")
        for end in [JobEnd.completed(result: long), .failed(error: "no ä"), .failed(error: nil), .cancelled] {
            #expect(JobEndForm.bytes(of: end) == nil)
        }
        for text in ["", "?", "Eat first"] { #expect(JobEndForm.end(ByteBuffer(string: text)) == nil) }
    }
}
