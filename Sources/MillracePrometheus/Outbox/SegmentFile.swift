internal import Foundation
internal import MillraceCore

/// A file of an outbox's log: records one behind the other. Calls block the thread.
///
/// It stays readable when its name is gone, for as long as somebody has it.
final class SegmentFile: Sendable {
    /// Its place in the log.
    let number: Int
    let path: String
    private let descriptor: Int32

    private static let ending = ".log"

    /// Opens a file, or makes it.
    init(_ number: Int, in folder: String, isNew: Bool) throws(StoreError) {
        self.number = number
        path = Self.path(number, in: folder)
        // What lies there of a file that was never begun is of no use.
        descriptor = open(path, O_RDWR | O_CLOEXEC | (isNew ? O_CREAT | O_TRUNC : 0), 0o600)
        guard descriptor >= 0 else { throw .outbox(errno, folder) }
    }

    deinit {
        close(descriptor)
    }

    static func path(_ number: Int, in folder: String) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: max(0, 12 - digits.utf8.count)))\(digits)\(ending)"
    }

    /// The numbers of a folder's files, the lowest first.
    static func numbers(in folder: String) throws(StoreError) -> [Int] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(ending) }.compactMap { Int($0.dropLast(ending.utf8.count)) }.sorted()
        } catch {
            guard FileManager.default.fileExists(atPath: folder) else { return [] }
            throw StoreError(.unavailable, "cannot read the folder \(folder); check its permissions", cause: error)
        }
    }

    /// Writes bytes at a place, all or none as far as `size` tells.
    ///
    /// - Returns: the error of the system; `nil` when all is written.
    func write(_ bytes: [UInt8], at place: Int) -> Int32? {
        bytes.withUnsafeBytes { bytes -> Int32? in
            var done = 0
            while done < bytes.count {
                let count = pwrite(
                    descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(place + done))
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else {
                    let code = count < 0 ? errno : ENOSPC
                    cut(to: place)
                    return code
                }
                done += count
            }
            return nil
        }
    }

    /// Reads bytes; `nil` when there are not so many, or they cannot be read.
    func read(_ count: Int, at place: Int) -> [UInt8]? {
        var isWhole = true
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, done in
            while done < count {
                let part = pread(descriptor, room.baseAddress.map { $0 + done }, count - done, off_t(place + done))
                if part < 0 && errno == EINTR { continue }
                guard part > 0 else {
                    isWhole = false
                    return
                }
                done += part
            }
        }
        return isWhole ? bytes : nil
    }

    /// Ends the file at a place.
    func cut(to size: Int) {
        _ = ftruncate(descriptor, off_t(size))
    }

    /// Waits until all that was written is on the disk.
    ///
    /// - Returns: the error of the system; `nil` when it is there.
    func sync() -> Int32? {
        #if canImport(Darwin)
            fsync(descriptor) == 0 ? nil : errno
        #else
            fdatasync(descriptor) == 0 ? nil : errno
        #endif
    }

    /// Takes its name away.
    func remove() {
        unlink(path)
    }

    /// Waits until the names of a folder are on the disk.
    static func syncNames(of folder: String) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}
