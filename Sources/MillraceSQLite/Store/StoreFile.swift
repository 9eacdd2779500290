internal import Foundation
internal import MillraceCore
internal import Synchronization

/// The file of a store, before SQLite sees it.
enum StoreFile {
    /// What tells a file from every other, whatever their names.
    struct Identity: Hashable, Sendable {
        private let device: UInt64
        private let number: UInt64

        /// The file that has a name now; `nil` when none has.
        init?(of path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            device = UInt64(facts.st_dev)
            number = UInt64(facts.st_ino)
        }

        /// Whether the file has the name still; also when the system does not tell.
        func isAt(_ path: String) -> Bool {
            if let found = Identity(of: path) { return found == self }
            return errno != ENOENT && errno != ENOTDIR
        }
    }

    /// The path from the root, without `.` and `..`, of the file itself: behind symbolic links, also where there is none
    /// yet.
    ///
    /// SQLite names the log after the file behind a link, and so must whoever looks for the log or replaces the file.
    static func absolute(_ path: String) -> String {
        let named = URL(fileURLWithPath: path).standardizedFileURL
        var file = named
        // As many as the system follows.
        for _ in 0..<40 {
            guard let destination = try? FileManager.default.destinationOfSymbolicLink(atPath: file.path) else {
                return file.path
            }
            // `..` in a link is of the folder that holds it, not of a link to that.
            let folder = file.deletingLastPathComponent().resolvingSymlinksInPath()
            file = URL(fileURLWithPath: destination, relativeTo: folder).standardizedFileURL
        }
        return named.path
    }

    /// Makes the folder (mode 0700) and the file (mode 0600) when they are missing.
    static func prepare(_ path: String) throws(StoreError) {
        try makeFolder(of: path)
        // The log first: a process that makes the store at this moment writes the file before the log.
        let journal = path + "-wal"
        guard size(of: journal) == 0 || size(of: path) > 0 else {
            // SQLite would throw the log away.
            throw StoreError(
                .corrupted,
                """
                the store \(path) is missing or empty, but its log \(journal) is there; put the file back, \
                or bring back a backup with millrace store restore
                """)
        }
        // To close a file ends all locks that this process has on it, those of SQLite too: none is closed that another
        // thread may have found already, and one that was there before is asked about, not opened.
        try making.withLock { _ throws(StoreError) in try makeOrLook(at: path) }
    }

    private static let making = Mutex(())

    private static func makeOrLook(at path: String) throws(StoreError) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return try make(path) }
        guard facts.st_mode & S_IFMT != S_IFDIR else { throw failure(EISDIR, path) }
        guard access(path, R_OK | W_OK) == 0 else { throw failure(errno, path) }
        // A file that somebody made empty before (`mktemp`, `touch`) has the mode of its maker.
        if facts.st_size == 0 { chmod(path, 0o600) }
    }

    private static func make(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 || errno == EEXIST else { throw failure(errno, path) }
        // Else another process was faster, and its file has the same mode.
        if descriptor >= 0 { close(descriptor) }
    }

    /// Makes the folder of a file (mode 0700) when it is missing.
    static func makeFolder(of path: String) throws(StoreError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(
                .unavailable, "the folder \(folder) of the store cannot be made; choose another with --store",
                cause: error)
        }
        // The log and its index are made beside the file.
        guard access(folder, W_OK) == 0 || errno == ENOENT else {
            throw StoreError(
                .readOnly, "the folder \(folder) of the store cannot be written; mend its permissions or choose another"
            )
        }
    }

    private static func size(of path: String) -> Int64 {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
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
