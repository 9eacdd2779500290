import MillraceCore
import MillraceSpeech
import Testing

@Suite struct RecordingInputTests {
    @Test func `understands what a user types`() throws {
        #expect(try RecordingInput(parsing: "-") == .standardInput)
        #expect(try RecordingInput(parsing: "talk.wav") == .file("talk.wav"))
        #expect(try RecordingInput(parsing: "./-") == .file("./-"))
        #expect(try RecordingInput(parsing: "http/talk.wav") == .file("http/talk.wav"))
        let url = try RecordingURL("https://example.org/a/talk.mp3?token=secret")
        #expect(try RecordingInput(parsing: "HTTPS://example.org/a/talk.mp3?token=secret#t=10") == .url(url))
        #expect("-" as RecordingInput == .file("-"))
    }

    @Test func `shows no query of an address`() throws {
        let input = try RecordingInput(parsing: "https://example.org/a/town%20hall.mp3?token=secret")
        #expect(input.name == "town hall.mp3")
        #expect(input.shown == "https://example.org/a/town%20hall.mp3")
        #expect(try RecordingURL("http://example.org/?a=b").name == "example.org")
        #expect(RecordingInput.standardInput.name == "standard input")
        #expect(RecordingInput.file("/a/b.wav").name == "b.wav")
    }

    @Test(
        arguments: [
            "https://ada:secret@example.org/a.wav", "https://ada@example.org/a.wav", "http:///a.wav",
            "https://", "http://exa mple.org/a.wav",
        ])
    func `refuses an address with a user, without a host or with a blank, and does not repeat it`(text: String) throws {
        let error = #expect(throws: InvalidValue.self) { try RecordingInput(parsing: text) }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("ada") == false)
    }

    @Test func `a source knows where it is, and shows no query`() {
        func source(_ path: String) -> RecordingSource {
            RecordingSource(path: path, hash: ContentHash(ofParts: []), sampleCount: 1)
        }
        let remote = source("https://example.org/a.wav?token=secret")
        #expect(remote.isRemote && !remote.isFile)
        #expect(remote.shownPath == "https://example.org/a.wav")
        #expect(remote.name == "a.wav")
        let stream = source("-")
        #expect(!stream.isRemote && !stream.isFile)
        #expect(stream.name == "standard input")
        #expect(source("/https://a.wav").isFile)
    }
}
