import CSndFile
import Foundation
import Logging
import Millrace
import Synchronization
import Testing

/// Recordings that cannot be sought to the sample are decoded once, beside the store.
@Suite("A compressed recording") final class CompressedRecordingTests {
    /// Fails as long as it is told to.
    private final class Moody: Transcriber {
        let identity = EngineIdentity(known: "moody")
        let fails = Mutex(false)

        func check() async throws(TranscriptionError) {}

        func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
            if fails.withLock({ $0 }) { throw TranscriptionError(.engineFailed, "not today") }
            return ChunkResult(segments: [Segment(start: 0, end: audio.durationSeconds, text: "a tone")])
        }
    }

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-mp3-\(UUID())")
    private let engine = Moody()

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func make(_ format: Int) async throws -> (recording: String, millrace: Millrace, decoded: URL) {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent("tone").path
        var info = SF_INFO()
        info.samplerate = 44_100
        info.channels = 2
        info.format = Int32(format)
        let file = try #require(sf_open(path, Int32(SFM_WRITE), &info))
        let tone = (0..<(44_100 * 5)).flatMap { frame in
            let value = Float(sin(Double(frame) / 16)) / 2
            return [value, value]
        }
        #expect(sf_writef_float(file, tone, sf_count_t(tone.count / 2)) == tone.count / 2)
        #expect(sf_close(file) == 0)
        let store = folder.appendingPathComponent("m.db").path
        let millrace = try await Millrace(
            store: .file(store), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return (path, millrace, URL(fileURLWithPath: store + "-audio"))
    }

    private func files(in decoded: URL) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: decoded.path)) ?? []
    }

    @Test(
        "is decoded once beside the store, for the owner alone, and that goes when the run is completed",
        arguments: [SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_FORMAT_OGG | SF_FORMAT_VORBIS])
    func completed(format: Int) async throws {
        let (recording, millrace, decoded) = try await make(format)
        let options = TranscriptionOptions(chunking: try ChunkSettings(targetSeconds: 2))
        let run = try await millrace.prepare(.file(recording), with: engine, options: options)
        let name = try #require(files(in: decoded).first)
        #expect(name == "\(run.processor.source.hash).flac")
        let mode = try FileManager.default.attributesOfItem(atPath: decoded.path + "/" + name)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let transcript = try #require(try await run.finish())
        #expect(transcript.status == .completed && transcript.chunks.total > 1)
        #expect(files(in: decoded).isEmpty)
    }

    @Test("stays decoded while its run has gaps, and goes with the transcript")
    func failed() async throws {
        let (recording, millrace, decoded) = try await make(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
        engine.fails.withLock { $0 = true }
        let failed = try await millrace.transcribe(
            .file(recording), with: engine, options: TranscriptionOptions(maxRetries: 0))
        #expect(failed.status == .failed)
        #expect(files(in: decoded).count == 1)
        try await millrace.deleteTranscript(failed.id)
        #expect(files(in: decoded).isEmpty)
        #expect(try await millrace.transcripts.load(failed.id) == nil)
        await #expect(throws: StoreError.self) { try await millrace.deleteTranscript(failed.id) }
    }
}
