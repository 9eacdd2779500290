internal import Foundation
internal import MillraceCore
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A folder for the files of one run of a program, closed to other users; there until `remove`.
///
/// It is locked, so that what a killed process left behind can be told from what is in use.
struct ScratchFolder: Sendable {
    /// The absolute path.
    let path: String

    private let lock: FileDescriptor
    /// No name that a user would give to a folder of his own, such as that of a store.
    private static let prefix = "millrace-scratch-"
    private static let marks = 6

    private static var base: String {
        let set = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
        return AbsolutePath.of(set.isEmpty ? "/tmp" : set)
    }

    /// Makes a folder in the system's temporary folder.
    init() throws(TranscriptionError) {
        let base = Self.base
        let marks = String(repeating: "X", count: Self.marks)
        var template = Array("\(base)/\(Self.prefix)\(marks)".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Self.failure(in: base, String(cString: strerror(errno)))
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            lock = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .directory])
        } catch {
            throw Self.failure(in: path, "\(error)")
        }
        _ = flock(lock.rawValue, LOCK_SH | LOCK_NB)
    }

    /// Removes folders of this user whose processes were killed: not locked, and older than a minute, so that none is
    /// taken that has just been made.
    static func removeAbandoned() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        where name.hasPrefix(prefix) && name.utf8.count == prefix.utf8.count + marks {
            let path = "\(base)/\(name)"
            let options: FileDescriptor.OpenOptions = [.closeOnExec, .directory, .noFollow]
            guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
                facts[.ownerAccountID] as? UInt == UInt(getuid()), facts[.posixPermissions] as? Int == 0o700,
                let changed = facts[.modificationDate] as? Date, -changed.timeIntervalSinceNow > 60,
                let descriptor = try? FileDescriptor.open(path, .readOnly, options: options)
            else { continue }
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 {
                try? FileManager.default.removeItem(atPath: path)
            }
            try? descriptor.close()
        }
    }

    /// Writes a file with mode 0600 and returns its path.
    func write(_ bytes: [UInt8], to name: String) throws(TranscriptionError) -> String {
        let file = "\(path)/\(name)"
        do {
            let options: FileDescriptor.OpenOptions = [.create, .exclusiveCreate, .closeOnExec]
            let descriptor = try FileDescriptor.open(
                file, .writeOnly, options: options, permissions: .ownerReadWrite)
            _ = try descriptor.closeAfter { try descriptor.writeAll(bytes) }
            return file
        } catch {
            throw Self.failure(in: path, "\(error)")
        }
    }

    /// Opens a file of the folder for reading; the caller closes it.
    func open(_ file: String) throws(TranscriptionError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
        } catch {
            throw Self.failure(in: path, "\(error)")
        }
    }

    /// Removes the folder and all in it.
    func remove() {
        try? FileManager.default.removeItem(atPath: path)
        try? lock.close()
    }

    private static func failure(in folder: String, _ reason: String) -> TranscriptionError {
        TranscriptionError(
            .engineFailed, "cannot use the temporary folder \(folder): \(reason); make room or set TMPDIR",
            isRetryable: true)
    }
}
