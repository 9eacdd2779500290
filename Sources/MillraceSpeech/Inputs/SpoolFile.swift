internal import Foundation
internal import MillraceCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A private file that takes in a recording which comes as a stream, and hashes it on the way.
///
/// It is locked while it lasts, so that one whose process was killed can be told and removed, and it goes with this
/// object. Calls block the thread.
final class SpoolFile: Sendable {
    /// The largest recording that is taken in, in bytes: 100 GB, more than a week of uncompressed sound.
    static let sizeLimit: Int64 = 100_000_000_000

    /// The absolute path.
    let path: String
    /// The recording's name, for messages.
    let name: String
    /// More bytes than these are refused.
    let limit: Int64

    private struct State {
        var size: Int64 = 0
        var hash = ContentHash.Builder()
    }

    private let folder: String
    private let descriptor: Int32
    private let state = Mutex(State())

    /// Makes a file of mode 0600 in a folder that is there; `name` is the recording's, for messages.
    init(folder: String, name: String, limit: Int64 = sizeLimit) throws(TranscriptionError) {
        self.name = name
        self.limit = limit
        self.folder = folder
        path = "\(folder)/\(UUID().uuidString)\(FLACWriter.partialSuffix)"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(name, folder, errno) }
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// Appends bytes. Fails as `unreadable` when they are too many or the disk is full.
    func write(_ bytes: UnsafeRawBufferPointer) -> Result<Void, TranscriptionError> {
        state.withLock { state in
            guard state.size + Int64(bytes.count) <= limit else {
                return .failure(Self.tooLarge(name, limit: limit))
            }
            var rest = bytes
            while !rest.isEmpty {
                let count = Platform.write(descriptor, rest)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { return .failure(Self.failure(name, folder, errno)) }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
            state.hash.update(bytes)
            state.size += Int64(bytes.count)
            return .success(())
        }
    }

    /// The bytes so far.
    var size: Int64 { state.withLock { $0.size } }

    /// The hash of all bytes so far.
    func contentHash() -> ContentHash { state.withLock { $0.hash.finish() } }

    /// Forgets everything written, to begin anew.
    func clear() throws(TranscriptionError) {
        try state.withLock { state throws(TranscriptionError) in
            guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
                throw Self.failure(name, folder, errno)
            }
            state = State()
        }
    }

    /// A recording that is larger than any that is taken in.
    static func tooLarge(_ name: String, limit: Int64) -> TranscriptionError {
        .unreadable(name, "is larger than the \(limit / 1_000_000_000) GB that are taken in; cut it into parts")
    }

    private static func failure(_ name: String, _ folder: String, _ code: Int32) -> TranscriptionError {
        TranscriptionError(
            .unreadable,
            "\(name): cannot be kept in \(folder): \(String(cString: strerror(code))); make room or choose another store",
            isRetryable: true)
    }
}
