import Testing

@testable import MillraceSpeech

@Suite struct APIDialectTests {
    @Test func `begins with most, and for models that only know text with that`() {
        #expect(APIDialect(model: "whisper-1").detail == .words)
        #expect(APIDialect(model: "gpt-4o-mini-transcribe").detail == .text)
        #expect(APIDialect(model: "whisper-1").sound == .flac)
    }

    @Test func `leaves out what an API says it does not know`() throws {
        let first = APIDialect(model: "m")
        let second = try #require(first.simpler(after: "Unknown field timestamp_granularities[]"))
        #expect(second.detail == .segments && second.sound == .flac)
        let third = try #require(second.simpler(after: "response_format 'verbose_json' is not compatible"))
        #expect(third.detail == .text && third.sound == .flac)
        let fourth = try #require(third.simpler(after: "Invalid file format"))
        #expect(fourth.detail == .text && fourth.sound == .wav)
        #expect(fourth.simpler(after: "Invalid file format") == nil)
        #expect(fourth.simpler(after: "response_format") == nil)
    }

    @Test func `sends WAV where FLAC was not understood, whatever was said`() throws {
        let simpler = try #require(APIDialect(model: "m").simpler(after: ""))
        #expect(simpler.sound == .wav && simpler.detail == .words)
    }

    @Test func `believes every refusal once it was understood`() {
        var dialect = APIDialect(model: "m")
        dialect.isUnderstood = true
        #expect(dialect.simpler(after: "verbose_json") == nil)
        #expect(dialect.simpler(after: "Invalid file format") == nil)
    }
}
