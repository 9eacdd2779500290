internal import MillraceCore
internal import MillraceTesting

/// Writes transcripts as WebVTT and SubRip and reads them again.
struct SubtitleFuzzer: Fuzzer {
    func makeInput(using generator: inout SeededGenerator) -> Transcript {
        RandomTranscript.make(using: &generator)
    }

    func check(_ transcript: Transcript) throws {
        try SubtitleCheck.check(transcript)
    }

    func describe(_ transcript: Transcript) -> String {
        transcript.segments.map { String(reflecting: $0) }.joined(separator: "\n")
    }
}
