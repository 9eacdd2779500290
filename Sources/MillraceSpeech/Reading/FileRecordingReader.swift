internal import Foundation
public import MillraceCore
internal import Synchronization

/// Reads the sound of chunks from files on this machine or a shared folder.
///
/// A file's hash is checked at the first chunk, and again only when its size, its time of change or the file itself
/// changed. Several chunks are read at once.
public final class FileRecordingReader: RecordingReader {
    private let decoded: DecodedFolder
    private let verified = Mutex<[InputFile.Identity: ContentHash]>([:])
    private let reading = BlockingQueue(label: "millrace.recording-reader", width: 4)
    /// Hashing and decoding take long and would be done twice side by side: one at a time.
    private let preparing = BlockingQueue(label: "millrace.recording-preparation", width: 1)

    /// Makes a reader; decoded forms of OGG and MP3 recordings are looked for and put into the folder.
    public init(decodedFolder: String) {
        decoded = DecodedFolder(path: decodedFolder)
    }

    /// Reads a stretch of a recording.
    ///
    /// - Throws: `TranscriptionError` `unreadable`, `changed`, `noAudio` or `cancelled`.
    public func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk {
        let ready = try await reading.run { _ throws(TranscriptionError) in
            try self.readIfReady(range, of: source)
        }
        if let ready { return ready }
        try await preparing.run { cancellation throws(TranscriptionError) in
            try self.prepare(source, cancellation)
        }
        return try await reading.run { _ throws(TranscriptionError) in
            guard let chunk = try self.readIfReady(range, of: source) else {
                throw TranscriptionError(
                    .changed, "\(source.name): changes while it is read; wait until it is complete", isRetryable: true)
            }
            return chunk
        }
    }

    /// The chunk, or `nil` when the file is to be hashed or decoded first.
    private func readIfReady(
        _ range: SampleRange, of source: RecordingSource
    ) throws(TranscriptionError) -> AudioChunk? {
        let file = try InputFile(path: source.path)
        guard let hash = verified.withLock({ $0[file.identity] }) else { return nil }
        guard hash == source.hash else { throw Self.changed(source) }
        if let audio = try decoded.existingFile(hash: hash) {
            return AudioChunk(samples: try audio.samples(in: range))
        }
        let audio = try AudioFile(file)
        return audio.isSampleExact ? AudioChunk(samples: try audio.samples(in: range)) : nil
    }

    private func prepare(_ source: RecordingSource, _ cancellation: Cancellation) throws(TranscriptionError) {
        let file = try InputFile(path: source.path)
        if verified.withLock({ $0[file.identity] }) == nil {
            let hash = try file.contentHash(cancellation)
            verified.withLock { $0[file.identity] = hash }
        }
        guard verified.withLock({ $0[file.identity] }) == source.hash else { throw Self.changed(source) }
        let audio = try AudioFile(file)
        if !audio.isSampleExact { _ = try decoded.file(of: audio, hash: source.hash, cancellation) }
    }

    private static func changed(_ source: RecordingSource) -> TranscriptionError {
        TranscriptionError(
            .changed,
            "\(source.name): is not the recording that was planned; put the old file back or transcribe this one anew")
    }
}
