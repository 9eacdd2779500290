internal import Foundation
internal import MillraceCore

/// What keeping transcripts promises.
enum TranscriptRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a saved transcript is loaded as it was, and replaced by the next save") { fixture in
            var transcript = sample(1, fixture)
            try requireEqual(try await fixture.transcripts.load(transcript.id), nil, "one that was never saved")
            try await fixture.transcripts.save(transcript)
            try requireEqual(try await fixture.transcripts.load(transcript.id), transcript, "the saved transcript")
            transcript.status = .completed
            transcript.language = "de"
            transcript.text = "Grüße aus \u{1F3D4}"
            transcript.segments = [
                Segment(
                    start: 0.25, end: 1.5, text: "Grüße aus \u{1F3D4}",
                    words: [Word(start: 0.25, end: 0.5, text: "Grüße")]),
                Segment(start: 2, end: 3, text: "[missing]", isGap: true),
            ]
            transcript.chunks = ChunkSummary(total: 4, completed: 3, failed: 1, cached: 2)
            transcript.completedAt = fixture.now
            try await fixture.transcripts.save(transcript)
            try requireEqual(try await fixture.transcripts.load(transcript.id), transcript, "the replaced transcript")
            let all = try await fixture.transcripts.list(after: nil, limit: 10)
            try requireEqual(all.map(\.id), [transcript.id], "all transcripts")
        },
        ContractRule("transcripts are listed in pages, newest first, each once, without text and segments") { fixture in
            var saved: [Transcript] = []
            for number in 0..<12 {
                fixture.clock.advance(by: .milliseconds(2))
                saved.append(sample(number, fixture))
            }
            // Saved in another order than made.
            var generator = fixture.generator()
            for transcript in saved.shuffled(using: &generator) { try await fixture.transcripts.save(transcript) }
            var listed: [Transcript] = []
            while listed.count < 100 {
                let page = try await fixture.transcripts.list(after: listed.last?.id, limit: 5)
                try require(page.count <= 5, "a page of 5 has \(page.count) transcripts")
                guard !page.isEmpty else { break }
                listed += page
            }
            let expected = saved.reversed().map { transcript in
                var head = transcript
                head.text = ""
                head.segments = []
                return head
            }
            try requireEqual(listed, expected, "the transcripts of all pages (seed \(fixture.seed))")
            try requireEqual(try await fixture.transcripts.list(after: nil, limit: 0), [], "a page of 0")
        },
        ContractRule("the newest transcript of a recording is found, with its text") { fixture in
            let old = sample(1, fixture)
            fixture.clock.advance(by: .milliseconds(2))
            let new = sample(1, fixture)
            fixture.clock.advance(by: .milliseconds(2))
            let other = sample(2, fixture)
            for transcript in [new, old, other] { try await fixture.transcripts.save(transcript) }
            try requireEqual(try await fixture.transcripts.find(hash: new.hash), new, "the found transcript")
            let unknown = ContentHash(ofParts: ["unknown"])
            try requireEqual(try await fixture.transcripts.find(hash: unknown), nil, "one of an unknown recording")
        },
        ContractRule("a recording is in use while any run over it has not ended well") { fixture in
            var hash: ContentHash?
            for status in TranscriptStatus.allCases {
                var transcript = sample(TranscriptStatus.allCases.firstIndex(of: status) ?? 0, fixture)
                transcript.status = status
                try await fixture.transcripts.save(transcript)
                let isInUse = try await fixture.transcripts.isInUse(hash: transcript.hash)
                let expected = status != .completed && status != .cancelled
                try requireEqual(isInUse, expected, "whether a recording with a \(status.rawValue) run is in use")
                if status == .partial { hash = transcript.hash }
            }
            fixture.clock.advance(by: .milliseconds(2))
            let partial = try requireValue(hash, "the partial run's recording")
            let newer = Transcript(
                id: .make(at: fixture.now), source: "/a", hash: partial, durationSeconds: 1, createdAt: fixture.now,
                status: .completed, language: nil, text: "", segments: [],
                chunks: ChunkSummary(total: 1, completed: 1, failed: 0, cached: 0), completedAt: fixture.now)
            try await fixture.transcripts.save(newer)
            try require(
                try await fixture.transcripts.isInUse(hash: partial), "an older run that is PARTIAL was forgotten")
        },
    ]

    private static func sample(_ number: Int, _ fixture: StoreFixture) -> Transcript {
        Transcript(
            id: TranscriptID.make(at: fixture.now), source: "/recordings/\(number).flac",
            hash: ContentHash(of: Data("\(number)".utf8)), durationSeconds: 61.25, createdAt: fixture.now,
            status: .partial, language: "en", text: "text \(number)",
            segments: [Segment(start: 0, end: 1, text: "text \(number)")],
            chunks: ChunkSummary(total: 2, completed: 1, failed: 1, cached: 1), completedAt: fixture.now)
    }
}
