internal import Foundation
internal import MillraceCore

/// The file of a store, before SQLite sees it.
enum StoreFile {
    /// Makes the folder (mode 0700) and the file (mode 0600) when they are missing.
    static func prepare(_ path: String) throws(StoreError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(
                .unavailable, "the folder \(folder) of the store cannot be made; choose another with --store",
                cause: error)
        }
        // O_EXCL is not asked for: another process may make the file at the same moment, and either mode is 0600.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(errno, path) }
        defer { close(descriptor) }
        // A file that somebody made empty before (`mktemp`, `touch`) has the mode of its maker.
        var facts = stat()
        if fstat(descriptor, &facts) == 0, facts.st_size == 0 { fchmod(descriptor, 0o600) }
    }

    private static func failure(_ code: Int32, _ path: String) -> StoreError {
        switch code {
        case EISDIR:
            StoreError(.unavailable, "\(path) is a folder; --store names the file of the store")
        case EACCES, EROFS, EPERM:
            StoreError(.readOnly, "the store \(path) cannot be written; mend its permissions or choose another")
        case ENOSPC, EDQUOT:
            StoreError(.full, "no room is left for the store \(path)")
        default:
            StoreError(.unavailable, "the store \(path) cannot be opened: \(String(cString: strerror(code)))")
        }
    }
}
