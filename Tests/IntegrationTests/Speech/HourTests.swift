import Foundation
import MillraceCore
import MillraceSpeech
import MillraceTesting
import Synchronization
import TestServers
import Testing

/// The same hour of speech on every way that a recording can come; takes most of an hour of two processors. Runs when
/// `MILLRACE_LONG` is 1.
@Suite(.bounded, .enabled(if: ProcessInfo.processInfo.environment["MILLRACE_LONG"] == "1")) struct HourTests {
    @Test func `an hour is the same from standard input, an address, as m4a and as MP3`() async throws {
        try await WayIn.compare(repeating: 26)
    }
}

/// The short form of the hour: the same, in minutes.
@Suite(.bounded, .enabled(if: Workplace.hasFFmpeg, "ffmpeg is not installed")) struct WaysInTests {
    @Test func `speech is the same from standard input, an address, as m4a and as MP3`() async throws {
        try await WayIn.compare(repeating: 1)
    }
}

/// One way for a recording to come to the program.
private struct WayIn: Sendable {
    let name: String
    let transcript: PrintedTranscript
    let seconds: Double
    let peakMegabytes: Double

    /// Transcribes the example, repeated, from each source, and compares the transcripts with that of the WAV file.
    static func compare(repeating count: Int) async throws {
        try await Workplace.with { place in
            let wav = try Recordings.repeatedExample(count, in: place)
            let m4a = try await place.convert(wav, to: "talk.m4a", ["-c:a", "aac", "-b:a", "192k"])
            let mp3 = try await place.convert(wav, to: "talk.mp3", ["-c:a", "libmp3lame", "-b:a", "192k"])
            let plain = try await run("WAV file", [wav], in: place)
            #expect(plain.transcript.chunks.cached == 0)
            var ways = [plain]
            ways.append(try await run("standard input", ["-"], reading: wav, in: place))
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: wav)))
            ways.append(
                try await HTTPTestServer.with { _ in
                    HTTPTestAnswer(body: sound)
                } body: { server async throws in
                    let way = try await run("address", ["\(server.url)/talk.wav"], in: place)
                    #expect(server.record.requests == 1)
                    return way
                })
            // The same samples, so the same keys: nothing of it is sent again.
            for way in ways.dropFirst() {
                #expect(way.transcript.chunks.cached == way.transcript.chunks.total)
                #expect(way.transcript.text == plain.transcript.text)
            }
            ways.append(try await run("m4a", [m4a], in: place))
            ways.append(try await run("MP3", [mp3], in: place))
            let said = try String(contentsOfFile: Recordings.exampleText, encoding: .utf8)
            let wholeText = Array(repeating: said, count: count).joined(separator: " ")
            let plainRate = WordErrorRate(said: wholeText, heard: plain.transcript.text).percent
            for way in ways {
                let difference = WordErrorRate(said: plain.transcript.text, heard: way.transcript.text).percent
                let rate = WordErrorRate(said: wholeText, heard: way.transcript.text).percent
                print(
                    String(
                        format:
                            "%@: %.1f s of sound, %d chunks, %d cached, %.0f s, peak %.0f MB, word error rate %.2f %%, "
                            + "against the WAV file's transcript %.2f %%",
                        way.name, way.transcript.duration, way.transcript.chunks.total, way.transcript.chunks.cached,
                        way.seconds, way.peakMegabytes, rate, difference))
                #expect(way.transcript.chunks.completed == way.transcript.chunks.total)
                #expect(abs(rate - plainRate) < 1)
                #expect(way.peakMegabytes > 0 && way.peakMegabytes < 200)
            }
            #expect(place.kept() == [])
        }
    }

    private static func run(
        _ name: String, _ words: [String], reading input: String = "/dev/null", in place: Workplace
    ) async throws -> WayIn {
        let peak = Mutex(0)
        let start = ContinuousClock.now
        let end = try await place.millrace(["transcribe"] + words + ["--format", "json"], reading: input) { running in
            while !running.hasEnded {
                // The highest so far; gone with the process, so the last one seen counts.
                if let kilobytes = running.peakKilobytes { peak.withLock { $0 = max($0, kilobytes) } }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(end.status == 0, "\(end.errors)")
        return WayIn(
            name: name, transcript: try #require(try end.transcripts().first),
            seconds: (ContinuousClock.now - start) / .seconds(1), peakMegabytes: Double(peak.withLock { $0 }) / 1_000)
    }
}
