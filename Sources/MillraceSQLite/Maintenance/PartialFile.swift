internal import Foundation
internal import MillraceCore

/// A file in the making: it gets its name when it is whole and on the disk, and goes when it is given up.
///
/// It lies beside the place that it is for, with mode 0600, and is locked, so that what a killed process left behind is
/// told from what another one is writing.
final class PartialFile {
    private static let suffix = ".partial"

    /// Where it lies now.
    let path: String
    private let target: String
    private let descriptor: Int32
    private var isPublished = false

    /// Makes the file, and removes what killed processes left behind at the same place.
    init(for target: String) throws(StoreError) {
        self.target = target
        Self.removeAbandoned(for: target)
        path = "\(target).\(UUID().uuidString)\(Self.suffix)"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(errno, target) }
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
    }

    deinit {
        if !isPublished { unlink(path) }
        // Last, because closing a file ends all locks of this process on it.
        close(descriptor)
    }

    /// The size in bytes.
    func size() -> Int64 {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? Int64(facts.st_size) : 0
    }

    /// Gives the file its name once it is on the disk.
    ///
    /// - Throws: `conflict` when there is a file of that name, unless it may be replaced; the old one is then there
    ///   until the new one is.
    func publish(replacing: Bool) throws(StoreError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(errno, target) }
        if replacing {
            guard rename(path, target) == 0 else { throw Self.failure(errno, target) }
        } else if link(path, target) == 0 {
            unlink(path)
        } else if errno == EEXIST {
            throw StoreError(.conflict, "\(target) exists already")
        } else {
            // A file system without hard links; between question and answer lies a moment only.
            guard access(target, F_OK) != 0, rename(path, target) == 0 else { throw Self.failure(errno, target) }
        }
        isPublished = true
        Self.synchronizeFolder(of: target)
    }

    /// Puts the names in a file's folder on the disk.
    static func synchronizeFolder(of path: String) {
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static func removeAbandoned(for target: String) {
        let url = URL(fileURLWithPath: target)
        let folder = url.deletingLastPathComponent().path
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(url.lastPathComponent + ".") && name.contains(suffix) {
            // With the journal that SQLite may have kept beside it.
            guard let end = name.range(of: suffix)?.upperBound else { continue }
            if isAbandoned("\(folder)/\(name[..<end])") { unlink("\(folder)/\(name)") }
        }
    }

    private static func isAbandoned(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    private static func failure(_ code: Int32, _ target: String) -> StoreError {
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            StoreError(.full, "no room is left for \(target); make room or choose another place")
        case EACCES, EROFS, EPERM:
            StoreError(.readOnly, "\(target) cannot be written; mend the permissions of its folder or choose another")
        case ENOENT, ENOTDIR:
            StoreError(.unavailable, "the folder of \(target) does not exist")
        default:
            StoreError(.unavailable, "\(target) cannot be written: \(String(cString: strerror(code)))")
        }
    }
}
