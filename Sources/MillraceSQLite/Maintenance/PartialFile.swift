internal import Foundation
internal import MillraceCore

/// A file in the making: it gets its name when it is whole and on the disk, and goes when it is given up.
///
/// It lies beside the place that it is for, with mode 0600, and is locked, so that what a killed process left behind is
/// told from what another one is writing.
final class PartialFile {
    private static let suffix = ".partial"
    /// What SQLite may keep beside a file.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// Where it lies now.
    let path: String
    private let target: String
    private let descriptor: Int32
    private var isPublished = false

    /// Makes the file, and removes what killed processes left behind at the same place.
    init(for target: String) throws(StoreError) {
        self.target = target
        Self.removeAbandoned(for: target)
        (path, descriptor) = try Self.make(for: target)
    }

    deinit {
        for suffix in Self.companions { unlink(path + suffix) }
        if !isPublished { unlink(path) }
        // Last, because closing a file ends all locks of this process on it.
        close(descriptor)
    }

    /// Makes a file and locks it; until it is locked, another process may take it for abandoned.
    private static func make(for target: String) throws(StoreError) -> (path: String, descriptor: Int32) {
        for _ in 0..<100 {
            let path = "\(target).\(UUID().uuidString)\(suffix)"
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(errno, target) }
            // A file system without locks has nobody who takes them either.
            let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
            if !isTaken, isFile(descriptor, at: path) { return (path, descriptor) }
            unlink(path)
            close(descriptor)
        }
        throw StoreError(.busy, "another process removes what is written for \(target); try again")
    }

    /// Whether an open file still has a name.
    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && opened.st_nlink > 0 && lstat(path, &named) == 0
            && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
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
        guard Self.isFile(descriptor, at: path) else {
            throw StoreError(.unavailable, "\(path) was removed while it was written; run the same command again")
        }
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
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for base in Set(names.compactMap({ partialName($0, for: url.lastPathComponent) })) {
            removeIfAbandoned("\(folder)/\(base)")
        }
    }

    /// The name of the partial file that a file is or belongs to; `nil` for a file that is none of ours.
    private static func partialName(_ name: String, for target: String) -> String? {
        let base = companions.first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
        guard base.hasPrefix(target + "."), base.hasSuffix(suffix) else { return nil }
        let identifier = base.dropFirst(target.count + 1).dropLast(suffix.count)
        return UUID(uuidString: String(identifier)) == nil ? nil : base
    }

    /// Removes a file that nobody has locked, with what SQLite may have kept beside it.
    private static func removeIfAbandoned(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 || errno == ENOENT else { return }
        // The lock is held until the file is gone: whoever has just made it sees that.
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        for suffix in companions + [""] { unlink(path + suffix) }
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
