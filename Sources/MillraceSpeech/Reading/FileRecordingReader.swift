internal import Foundation
public import MillraceCore
internal import NIOCore
internal import Synchronization

/// Reads the sound of chunks from files on this machine or a shared folder, and from web servers.
///
/// A file's hash is checked at the first chunk, and again only when its size, its time of change or the file itself
/// changed. What a URL gives is fetched, checked and decoded once, however many chunks ask for it; what came by standard
/// input is read from what its first reader decoded. Several chunks are read at once.
public final class FileRecordingReader: RecordingReader {
    private let decoded: DecodedFolder
    private let intake: RecordingIntake
    private let verified = Mutex<[InputFile.Identity: ContentHash]>([:])
    private let reading = BlockingQueue(label: "millrace.recording-reader", width: 4)
    private let hashing = BlockingQueue(label: "millrace.recording-preparation", width: 1)
    /// Hashing, fetching and decoding take long and would be done twice side by side.
    private let preparing = SharedWork<RecordingSource>()

    /// Makes a reader; decoded forms of recordings are looked for and put into the folder.
    public convenience init(decodedFolder: String) {
        self.init(RecordingIntake(decoded: DecodedFolder(path: decodedFolder)))
    }

    init(_ intake: RecordingIntake) {
        self.intake = intake
        decoded = intake.decoded
    }

    /// Reads a stretch of a recording.
    ///
    /// - Throws: `TranscriptionError` `unreadable`, `changed`, `withdrawn`, `noAudio` or `cancelled`.
    public func chunk(_ range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> AudioChunk {
        if let ready = try await readIfReady(range, of: source) { return ready }
        try await preparing.run(source) { () async throws(TranscriptionError) in try await self.prepare(source) }
        guard let chunk = try await readIfReady(range, of: source) else {
            throw TranscriptionError(
                .changed, "\(source.name): changes while it is read; wait until it is complete", isRetryable: true)
        }
        return chunk
    }

    /// Reads the sound that was kept with a chunk.
    ///
    /// - Throws: `TranscriptionError` `notAudio` or `cancelled`.
    public func chunk(flac: [UInt8]) async throws(TranscriptionError) -> AudioChunk {
        try await reading.run { _ throws(TranscriptionError) in
            guard let audio = FLACDecoder.audio(of: flac) else {
                throw TranscriptionError(
                    .notAudio, "the sound that was kept with a chunk is damaged; transcribe the recording again")
            }
            return audio
        }
    }

    /// Reads a stretch of a recording as FLAC, which `chunk(flac:)` reads elsewhere, to the sample.
    ///
    /// - Throws: as `chunk(_:of:)`.
    public func flac(of range: SampleRange, of source: RecordingSource) async throws(TranscriptionError) -> [UInt8] {
        let audio = try await chunk(range, of: source)
        return try await reading.run { _ throws(TranscriptionError) in
            var buffer = ByteBuffer()
            guard FLACEncoder.append(audio, to: &buffer) else {
                throw TranscriptionError(
                    .unreadable, "\(source.name): cannot be made FLAC; is libsndfile built with it?")
            }
            return Array(buffer.readableBytesView)
        }
    }

    /// The chunk, or `nil` when the recording is to be hashed, fetched or decoded first.
    private func readIfReady(
        _ range: SampleRange, of source: RecordingSource
    ) async throws(TranscriptionError) -> AudioChunk? {
        try await reading.run { _ throws(TranscriptionError) in
            guard source.isFile else {
                return try self.decoded.existingFile(hash: source.hash).map { audio throws(TranscriptionError) in
                    AudioChunk(samples: try audio.samples(in: range))
                }
            }
            let file = try InputFile(path: source.path)
            guard let hash = self.verified.withLock({ $0[file.identity] }) else { return nil }
            guard hash == source.hash else { throw Self.changed(source) }
            if let audio = try self.decoded.existingFile(hash: hash) {
                return AudioChunk(samples: try audio.samples(in: range))
            }
            guard let audio = try AudioFile.ifKnown(file), audio.isSampleExact else { return nil }
            return AudioChunk(samples: try audio.samples(in: range))
        }
    }

    private func prepare(_ source: RecordingSource) async throws(TranscriptionError) {
        if source.isFile {
            try await hashing.run { cancellation throws(TranscriptionError) in
                let file = try InputFile(path: source.path)
                if self.verified.withLock({ $0[file.identity] }) == nil {
                    let hash = try file.contentHash(cancellation)
                    self.verified.withLock { $0[file.identity] = hash }
                }
                guard self.verified.withLock({ $0[file.identity] }) == source.hash else { throw Self.changed(source) }
            }
            try await intake.decode(source.path, hash: source.hash)
        } else if source.isRemote, let url = try? RecordingURL(source.path) {
            try await intake.take(again: url, hash: source.hash)
        } else {
            throw .unreadable(
                source.name, "the recording is not kept here any more; run the same command with it again")
        }
    }

    private static func changed(_ source: RecordingSource) -> TranscriptionError {
        TranscriptionError(
            .changed,
            "\(source.name): is not the recording that was planned; put the old file back or transcribe this one anew")
    }
}
