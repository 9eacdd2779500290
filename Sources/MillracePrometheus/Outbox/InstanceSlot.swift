internal import Foundation
public import MillraceCore
internal import Synchronization

/// The lowest numbered folder that no other process of this host holds: what makes the series of two processes differ.
///
/// It is held by a lock on a file in it, which ends with the process however that ends.
public final class InstanceSlot: Sendable {
    /// No more processes share a folder.
    public static let maximumCount = 1_000

    /// The number, from 0 on; also the name of the folder.
    public let number: Int
    /// The folder that has a folder for each slot.
    let folder: String
    /// The folder of this one, which is this process's alone.
    var path: String { "\(folder)/\(number)" }

    /// The file that is locked; -1 once the slot was given free.
    let descriptor: Mutex<Int32>
    private static let queue = DispatchQueue(label: "millrace.instance-slot")
    private static let lockName = "lock"

    private init(number: Int, folder: String, descriptor: Int32) {
        self.number = number
        self.folder = folder
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        release()
    }

    /// Gives the slot free, as the end of this object does.
    public func release() {
        let descriptor = descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        if descriptor >= 0 { Self.unlock(descriptor) }
    }

    /// Keeps the slot from being held again before a time, at most two seconds from now: for the last samples of this process
    /// may be that much ahead, and those of the next one in its place must be newer.
    public func rest(until time: Timestamp) {
        withUnsafeBytes(of: time.microseconds) { time in
            descriptor.withLock { _ = pwrite($0, time.baseAddress, time.count, 0) }
        }
    }

    /// Holds the lowest free slot of a folder that does not rest, which is made, for its owner alone, when it is not there.
    ///
    /// The slot is free again after ``release()``, or when nobody has this object any more.
    ///
    /// - Throws: `unavailable` when the folder cannot be made or used, `readOnly` when it cannot be written, `full` when
    ///   all slots are taken or the disk is full.
    public static func lock(in folder: String) async throws(StoreError) -> InstanceSlot {
        let result = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { () throws(StoreError) in try take(folder) })
            }
        }
        return try result.get()
    }

    /// The same, on a thread that may wait.
    static func take(
        _ folder: String, at now: Timestamp = SystemWallClock().now()
    ) throws(StoreError) -> InstanceSlot {
        try make(folder)
        for number in 0..<maximumCount {
            if let slot = try take(number, in: folder, at: now) { return slot }
        }
        throw StoreError(.full, "all \(maximumCount) slots of \(folder) are taken by processes; use another folder")
    }

    /// Holds one slot; `nil` when a process holds it, or when it rests at a time, which is not asked for `nil`.
    static func take(_ number: Int, in folder: String, at now: Timestamp?) throws(StoreError) -> InstanceSlot? {
        let path = "\(folder)/\(number)"
        try make(path)
        let descriptor = open("\(path)/\(lockName)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .outbox(errno, folder) }
        let failure = lock(descriptor)
        if failure == nil, now.map({ !isResting(descriptor, at: $0) }) ?? true {
            return InstanceSlot(number: number, folder: folder, descriptor: descriptor)
        }
        Self.unlock(descriptor)
        // A file system without locks: nobody could tell who has what.
        if let failure, failure != EWOULDBLOCK, failure != EINTR { throw .outbox(failure, folder) }
        return nil
    }

    /// The slots of a folder that were ever used, lowest first; none when there is no folder.
    static func all(in folder: String) throws(StoreError) -> [(number: Int, path: String)] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            return names.compactMap { Int($0) }.filter { (0..<maximumCount).contains($0) }.sorted()
                .map { ($0, "\(folder)/\($0)") }
        } catch {
            guard FileManager.default.fileExists(atPath: folder) else { return [] }
            throw StoreError(.unavailable, "cannot read the folder \(folder); check its permissions", cause: error)
        }
    }

    /// Whether a process holds a slot.
    static func isHeld(_ path: String) -> Bool {
        let descriptor = open("\(path)/\(lockName)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { unlock(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    /// Locks; who only looks holds it for a moment, so one try is not enough.
    ///
    /// - Returns: the error of the system; `nil` when it is locked.
    private static func lock(_ descriptor: Int32) -> Int32? {
        var code: Int32 = 0
        for attempt in 0..<3 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return nil }
            code = errno
            if attempt < 2 { usleep(500) }
        }
        return code
    }

    /// Unlocks and closes.
    ///
    /// Closing alone does not unlock as long as somebody else has the file: a process that is being started has all files
    /// of the one that starts it until its program is there, which takes milliseconds on a busy machine.
    private static func unlock(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Whether its last owner wants it to be left alone for a moment; not what a clock that was set back makes of it.
    private static func isResting(_ descriptor: Int32, at now: Timestamp) -> Bool {
        var microseconds: Int64 = 0
        let count = withUnsafeMutableBytes(of: &microseconds) { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let time = Timestamp(microseconds: microseconds)
        guard count == MemoryLayout<Int64>.size else { return false }
        return time > now && time - now <= .seconds(2)
    }

    private static func make(_ folder: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(
                .unavailable, "cannot make the folder \(folder); check its permissions and the room on the disk",
                cause: error)
        }
    }
}

extension StoreError {
    /// What a call of the system on the files of an outbox came to.
    static func outbox(_ code: Int32, _ folder: String) -> StoreError {
        let reason = String(cString: strerror(code))
        return switch code {
        case ENOSPC, EDQUOT, EFBIG:
            StoreError(.full, "the metrics outbox in \(folder) has no room (\(reason)); make room on the disk")
        case EROFS:
            StoreError(.readOnly, "the metrics outbox in \(folder) cannot be written (\(reason)); use another folder")
        default:
            StoreError(
                .unavailable,
                "the metrics outbox in \(folder) cannot be used (\(reason)); check its permissions, or use another folder"
            )
        }
    }
}
