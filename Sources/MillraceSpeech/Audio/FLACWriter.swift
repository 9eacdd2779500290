internal import CSndFile
internal import Foundation
internal import MillraceCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Writes a FLAC file of 16 kHz, mono, 16 bits, block by block.
///
/// The file appears under its name only when it is whole and on disk; until then it is a partial file beside it,
/// locked, and removed when the writer is given up.
final class FLACWriter {
    /// How the names of partial files end.
    static let partialSuffix = ".partial"

    private let path: String
    private let partialPath: String
    private let descriptor: Int32
    private var handle: OpaquePointer?
    private var isFinished = false

    /// Opens the partial file with mode 0600.
    init(path: String) throws(TranscriptionError) {
        self.path = path
        partialPath = "\(path).\(UUID().uuidString)\(Self.partialSuffix)"
        descriptor = open(partialPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, String(cString: strerror(errno))) }
        // Shows `isAbandoned` that somebody is at it; goes with the process, however that ends.
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        var info = SF_INFO()
        info.samplerate = Int32(SampleRange.sampleRate)
        info.channels = 1
        info.format = Int32(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
        // The library closes the descriptor when it fails, asked or not: it gets one of its own.
        handle = sf_open_fd(fcntl(descriptor, F_DUPFD_CLOEXEC, 3), Int32(SFM_WRITE), &info, 1)
        guard handle != nil else { throw Self.failure(path, "the encoder cannot be started") }
    }

    deinit {
        if let handle { sf_close(handle) }
        close(descriptor)
        if !isFinished { unlink(partialPath) }
    }

    /// Appends samples.
    func write(_ samples: [Int16]) throws(TranscriptionError) {
        guard let handle else { return }
        let written = samples.withUnsafeBufferPointer { sf_writef_short(handle, $0.baseAddress, sf_count_t($0.count)) }
        guard written == samples.count else { throw Self.failure(path, "the disk may be full") }
    }

    /// Completes the file and gives it its name, in place of an older one.
    func finish() throws(TranscriptionError) {
        guard let handle else { return }
        self.handle = nil
        guard sf_close(handle) == 0 else { throw Self.failure(path, "the disk may be full") }
        guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else {
            throw Self.failure(path, String(cString: strerror(errno)))
        }
        isFinished = true
        let folder = open(
            path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/", O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Whether a partial file's writer is gone.
    static func isAbandoned(partialPath: String) -> Bool {
        let descriptor = open(partialPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    private static func failure(_ path: String, _ reason: String) -> TranscriptionError {
        TranscriptionError(
            .unreadable, "\(path): cannot keep the decoded recording: \(reason); make room or choose another store",
            isRetryable: true)
    }
}
