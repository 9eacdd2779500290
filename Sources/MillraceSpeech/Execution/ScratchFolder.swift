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
struct ScratchFolder: Sendable {
    /// The absolute path.
    let path: String

    /// Makes a folder in the system's temporary folder.
    init() throws(TranscriptionError) {
        let base = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let marks = String(repeating: "X", count: 6)
        var template = Array((AbsolutePath.of(base) + "/millrace-" + marks).utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Self.failure(in: base, String(cString: strerror(errno)))
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
    }

    private static func failure(in folder: String, _ reason: String) -> TranscriptionError {
        TranscriptionError(
            .engineFailed, "cannot use the temporary folder \(folder): \(reason); make room or set TMPDIR",
            isRetryable: true)
    }
}
