import Foundation
import MillraceCore
import MillraceSpeech
import Synchronization
import Testing

/// A demonstration that takes minutes and half a gigabyte of disk; runs when `MILLRACE_LONG` is 1.
@Suite(.bounded, .enabled(if: ProcessInfo.processInfo.environment["MILLRACE_LONG"] == "1"))
struct FourHoursTests {
    @Test func `four hours of sound need less than 200 MB of memory`() async throws {
        try await Workplace.with { place in
            let file = try fourHours(in: place)
            let peak = Mutex(0)
            let end = try await place.millrace(["transcribe", file, "--command", "cksum", "--format", "json"]) {
                running in
                while !running.hasEnded {
                    // The highest so far; gone with the process, so the last one seen counts.
                    if let kilobytes = running.peakKilobytes { peak.withLock { $0 = kilobytes } }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(end.status == 0, "\(end.errors)")
            let transcript = try #require(end.transcripts().first)
            let megabytes = Double(peak.withLock { $0 }) / 1_000
            print("four hours: duration=\(transcript.duration) chunks=\(transcript.chunks.total) peak=\(megabytes) MB")
            print(end.errorLines.last ?? "")
            #expect(transcript.duration >= 4 * 3_600)
            #expect(transcript.chunks.completed == transcript.chunks.total)
            #expect(megabytes > 0 && megabytes < 200)
        }
    }

    /// Writes the example again and again, each time 0.05 dB quieter than the time before.
    private func fourHours(in place: Workplace) throws -> String {
        var sound: [Int16] = []
        _ = try AudioFile(path: Recordings.example).forEachBlock { sound += $0 }
        let count = 4 * 3_600 * SampleRange.sampleRate / sound.count + 1
        let path = place.path("four-hours.wav")
        var header = WAVEncoder.encode(AudioChunk(samples: []))
        let size = UInt32(count * sound.count * 2)
        withUnsafeBytes(of: (size + 36).littleEndian) { header.replaceSubrange(4..<8, with: $0) }
        withUnsafeBytes(of: size.littleEndian) { header.replaceSubrange(40..<44, with: $0) }
        try Data(header).write(to: URL(fileURLWithPath: path))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        for step in 0..<count {
            let gain = pow(10, -0.05 * Double(step) / 20)
            let quieter = sound.map { Int16((Double($0) * gain).rounded()).littleEndian }
            try quieter.withUnsafeBytes { try handle.write(contentsOf: Data($0)) }
        }
        try handle.close()
        return path
    }
}
