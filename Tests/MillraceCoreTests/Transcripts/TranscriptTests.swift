import Foundation
import MillraceCore
import Testing

@Suite struct TranscriptTests {
    @Test("A new transcript waits for its processing and says nothing yet")
    func new() {
        let transcript = Transcript(
            id: .make(at: .zero), source: "/r/a.wav", hash: ContentHash(of: Data()), durationSeconds: 4, chunkCount: 3,
            at: .after(0))
        #expect(transcript.status == .processing && transcript.text.isEmpty && transcript.segments.isEmpty)
        #expect(transcript.chunks == ChunkSummary(total: 3, completed: 0, failed: 0, cached: 0))
        #expect(transcript.language == nil && transcript.completedAt == nil && transcript.createdAt == .after(0))
    }

    @Test("Each status of a transcript belongs to one of its processing", arguments: TranscriptStatus.allCases)
    func status(status: TranscriptStatus) {
        #expect(status.processingStatus?.rawValue == (status == .processing ? nil : status.rawValue))
    }

    @Test("A segment is coded without what it has not, and comes back")
    func segment() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let cases = [
            (Segment(start: 0, end: 1.5, text: "a"), #"{"end":1.5,"start":0,"text":"a"}"#),
            (Segment(start: 0, end: 1, text: "g", isGap: true), #"{"end":1,"gap":true,"start":0,"text":"g"}"#),
            (
                Segment(start: 0, end: 1, text: "w", words: [Word(start: 0, end: 1, text: "w")]),
                #"{"end":1,"start":0,"text":"w","words":[{"end":1,"start":0,"text":"w"}]}"#
            ),
        ]
        for (segment, json) in cases {
            #expect(String(decoding: try encoder.encode(segment), as: UTF8.self) == json)
            #expect(try JSONDecoder().decode(Segment.self, from: Data(json.utf8)) == segment)
        }
    }
}
