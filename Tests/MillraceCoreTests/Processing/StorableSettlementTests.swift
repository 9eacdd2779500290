import MillraceCore
import Testing

@Suite("What is settled can be stored")
struct StorableSettlementTests {
    @Test("NUL in what an engine or a handler says is dropped, so that it cannot keep an outcome from being settled")
    func dropsNUL() {
        let chunk = ChunkID.make(at: .zero)
        let result = ChunkResult(
            segments: [Segment(start: 0, end: 1, text: "a\0b", words: [Word(start: 0, end: 1, text: "\0a")])],
            language: "e\0n")
        let clean = ChunkResult(
            segments: [Segment(start: 0, end: 1, text: "ab", words: [Word(start: 0, end: 1, text: "a")])],
            language: "en")
        let completed = ChunkSettlement(chunk, token: .initial, .completed(result, isFromCache: true))
        #expect(completed.outcome == .completed(clean, isFromCache: true))
        #expect(ChunkSettlement(chunk, token: .initial, .failed(error: "x\0")).outcome == .failed(error: "x"))
        let job = JobID.make(at: .zero)
        #expect(JobSettlement(job, token: .initial, .failed(error: "\0x")).outcome == .failed(error: "x"))
        let retry = JobSettlement(job, token: .initial, .retry(at: .zero, error: "\0"))
        #expect(retry.outcome == .retry(at: .zero, error: ""))
    }
}
