internal import Foundation
internal import MillraceCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A regular file, opened for reading.
final class InputFile {
    /// What tells one state of a file from another without reading it.
    struct Identity: Hashable, Sendable {
        let path: String
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let modifiedSeconds: Int64
        let modifiedNanoseconds: Int64
    }

    /// The last part of the path, for messages.
    let name: String
    /// The open descriptor; nobody but this object closes it.
    let descriptor: Int32
    /// The file's state when it was opened.
    let identity: Identity

    /// Opens a file.
    ///
    /// `name` is for messages, when it is not the last part of the path. Throws `unreadable` when the file is missing,
    /// a folder, empty, no regular file or closed to this user.
    init(path: String, name: String? = nil) throws(TranscriptionError) {
        let name = name ?? path.split(separator: "/").last.map(String.init) ?? path
        self.name = name
        guard !path.utf8.contains(0) else {
            throw .unreadable(name, "the path holds the character NUL; check the path")
        }
        // Non-blocking, so that a named pipe without a writer does not hang us before it is refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(name, Self.reason(of: errno)) }
        do throws(TranscriptionError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .unreadable(name, Self.reason(of: errno)) }
            identity = Identity(path: path, status: status)
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw .unreadable(name, "is a folder; name a recording in it")
            default: throw .unreadable(name, "is not a regular file; save the recording to a file first")
            }
            guard status.st_size > 0 else { throw .unreadable(name, "the file is empty; copy or record it again") }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Hashes the whole file, without moving the descriptor's position.
    func contentHash(_ cancellation: Cancellation) throws(TranscriptionError) -> ContentHash {
        var builder = ContentHash.Builder()
        var offset: Int64 = 0
        var block = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            try cancellation.check()
            let count = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(name, Self.reason(of: errno)) }
            guard count > 0 else { return builder.finish() }
            builder.update(block[..<count])
            offset += Int64(count)
        }
    }

    /// Another descriptor for the open file, which the caller closes; `nil` when this process has no more of them.
    func duplicate() -> Int32? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        return copy >= 0 ? copy : nil
    }

    /// The first bytes, fewer when the file is shorter.
    func firstBytes(_ limit: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return Array(bytes.prefix(max(0, count)))
    }

    private static func reason(of code: Int32) -> String {
        switch code {
        case ENOENT, ENOTDIR: "there is no such file; check the path"
        case EACCES, EPERM: "permission denied; make the file readable for this user"
        default: "cannot be read: \(String(cString: strerror(code))); check the file and its disk"
        }
    }
}

extension InputFile.Identity {
    fileprivate init(path: String, status: stat) {
        #if canImport(Darwin)
            let modified = status.st_mtimespec
        #else
            let modified = status.st_mtim
        #endif
        self.init(
            path: path, device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(status.st_ino),
            size: Int64(status.st_size), modifiedSeconds: Int64(modified.tv_sec),
            modifiedNanoseconds: Int64(modified.tv_nsec))
    }
}

extension TranscriptionError {
    /// A recording that cannot be read here: its name and what to do.
    static func unreadable(_ name: String, _ reason: String) -> TranscriptionError {
        TranscriptionError(.unreadable, "\(name): \(reason)")
    }
}
