import Foundation
import MillraceCore
import Testing

@Suite struct TranscriptMergerTests {
    private func merge(_ chunks: [ChunkTask], policy: FailurePolicy = .partial) -> Transcript {
        var merger = TranscriptMerger()
        for chunk in chunks {
            merger.add(chunk)
        }
        var transcript = Transcript(
            id: .make(at: .zero), source: "/r/a.wav", hash: ContentHash(of: Data()), durationSeconds: 4,
            chunkCount: chunks.count, at: .after(0))
        merger.finish(&transcript, policy: policy, at: .after(9))
        return transcript
    }

    private func said(
        _ index: Int, _ texts: String..., language: String? = nil, isFromCache: Bool = false
    ) -> ChunkTask {
        let segments = texts.enumerated().map { Segment(start: Double($0), end: Double($0) + 1, text: $1) }
        return Processings.chunk(
            .completed, index: index, result: ChunkResult(segments: segments, language: language),
            isFromCache: isFromCache)
    }

    @Test("Chunks follow one another, their times counted from the recording's beginning")
    func offsets() {
        let words = [Word(start: 0.25, end: 0.5, text: "b")]
        let second = ChunkResult(segments: [Segment(start: 0.25, end: 0.5, text: "b", words: words)])
        let transcript = merge([
            said(0, "a"),
            Processings.chunk(
                .completed, index: 1, result: second, range: SampleRange(uncheckedStart: 24_000, end: 40_000)),
        ])
        #expect(
            transcript.segments == [
                Segment(start: 0, end: 1, text: "a"),
                Segment(start: 1.75, end: 2, text: "b", words: [Word(start: 1.75, end: 2, text: "b")]),
            ])
        #expect(transcript.text == "a b" && transcript.status == .completed && transcript.completedAt == .after(9))
        #expect(transcript.chunks == ChunkSummary(total: 2, completed: 2, failed: 0, cached: 0))
    }

    @Test("Within a chunk, segments are put in time order; equal times keep theirs, and empty texts are dropped")
    func order() {
        let segments = [
            Segment(start: 0.5, end: 0.6, text: "c"), Segment(start: 0, end: 1, text: "a"),
            Segment(start: 0, end: 0.1, text: "b"), Segment(start: 0.2, end: 0.3, text: ""),
        ]
        let chunk = Processings.chunk(.completed, result: ChunkResult(segments: segments))
        #expect(merge([chunk]).segments.map(\.text) == ["a", "b", "c"])
    }

    @Test("Words are neither lost nor doubled, however many chunks there are")
    func allWords() {
        let chunks = (0..<100).map { said($0, "word\($0)a", "word\($0)b") }
        #expect(merge(chunks).text == (0..<100).map { "word\($0)a word\($0)b" }.joined(separator: " "))
    }

    @Test(
        "A chunk without a result leaves a marked gap in its place",
        arguments: [ChunkStatus.failed, .cancelled, .pending])
    func gap(status: ChunkStatus) {
        let range = SampleRange(uncheckedStart: 3_661 * 16_000, end: 360_000 * 16_000)
        let transcript = merge([said(0, "a"), Processings.chunk(status, index: 1, range: range), said(2, "b")])
        let marker = "[missing: chunk 1, 01:01:01 to 100:00:00]"
        #expect(transcript.segments.map(\.isGap) == [false, true, false])
        #expect(transcript.segments[1] == Segment(start: 3_661, end: 360_000, text: marker, isGap: true))
        #expect(transcript.text == "a \(marker) b" && transcript.status == .partial)
        #expect(transcript.chunks == ChunkSummary(total: 3, completed: 2, failed: 1, cached: 0))
    }

    @Test("A gap makes the transcript partial or failed by policy; nothing but gaps is always failed")
    func policies() {
        let failed = Processings.chunk(.failed)
        #expect(merge([said(0, "a"), failed], policy: .partial).status == .partial)
        #expect(merge([said(0, "a"), failed], policy: .fail).status == .failed)
        #expect(merge([failed, failed], policy: .partial).status == .failed)
        #expect(merge([said(0, "a")], policy: .fail).status == .completed)
    }

    @Test("Silence is a result: no text, no gap")
    func silence() {
        let transcript = merge([said(0), said(1, isFromCache: true)])
        #expect(transcript.text == "" && transcript.segments.isEmpty && transcript.status == .completed)
        #expect(transcript.chunks == ChunkSummary(total: 2, completed: 2, failed: 0, cached: 1))
    }

    @Test("The language is that of most words, not of most chunks")
    func language() {
        let chunks = [
            said(0, "ein", language: "de"), said(1, "zwei", language: "de"), said(2, "one two three", language: "en"),
            said(3, "many words in no known tongue at all"),
        ]
        #expect(merge(chunks).language == "en")
        #expect(merge(chunks.reversed()).language == "en")
    }

    @Test("Among languages of as many words the first by name is taken, and none is nil")
    func languageTies() {
        #expect(merge([said(0, "a", language: "fr"), said(1, "b", language: "de")]).language == "de")
        #expect(merge([said(0, "a", language: "de"), said(1, "b", language: "fr")]).language == "de")
        #expect(merge([said(0, "a")]).language == nil)
    }

    @Test("Times that are no numbers do no harm")
    func strangeTimes() {
        let segments = [Double.nan, .infinity, -1, .nan].map { Segment(start: $0, end: $0, text: "x") }
        #expect(merge([Processings.chunk(.completed, result: ChunkResult(segments: segments))]).segments.count == 4)
    }
}
