import Foundation
import Testing

/// A disk of a few megabytes, in a mount namespace of its own, for programs that are to run out of room.
///
/// Only the superuser may make one; tests that need it are skipped for others.
struct SmallDisk: Sendable {
    /// Where the programs that ``run(_:_:meanwhile:)`` starts find it.
    let path: String
    private let place: Workplace
    /// The process that keeps the namespace.
    private let keeper: pid_t

    /// Whether this user may mount anything.
    static let isPermitted: Bool = {
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: "/bin/sh")
        trial.arguments = ["-c", "unshare -m mount -t tmpfs tmpfs /mnt"]
        trial.standardError = FileHandle.nullDevice
        do { try trial.run() } catch { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()

    /// Gives a test such a disk, and takes it away afterwards.
    static func with(
        megabytes: Int, in place: Workplace, _ body: @Sendable (SmallDisk) async throws -> Void
    ) async throws {
        let path = place.path("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let mount = "mount -t tmpfs -o size=\(megabytes)m tmpfs \(path) && touch \(path)/.there && exec sleep 3600"
        try await place.run("unshare", ["-m", "--propagation", "private", "sh", "-c", mount]) { running in
            let disk = SmallDisk(path: path, place: place, keeper: running.processID)
            defer { running.send(SIGKILL) }
            try await eventually("the disk is there") { FileManager.default.fileExists(atPath: disk.outside(".there")) }
            try await body(disk)
        }
    }

    /// The path of a file for the programs on the disk.
    func inside(_ name: String) -> String { "\(path)/\(name)" }

    /// The path of the same file for the test.
    func outside(_ name: String) -> String { "/proc/\(keeper)/root\(path)/\(name)" }

    /// Runs a program that sees the disk.
    @discardableResult
    func run(
        _ program: String, _ arguments: [String],
        meanwhile: @Sendable (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await place.run(
            "nsenter", ["--target", "\(keeper)", "--mount", program] + arguments, meanwhile: meanwhile)
    }

    /// Takes all room that is left.
    func fill() throws {
        let file = open(outside("ballast"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        var size = 65_536
        while size > 0 {
            let block = [UInt8](repeating: 1, count: size)
            if write(file, block, size) <= 0 { size /= 2 }
        }
    }

    /// Gives it back.
    func free() throws {
        try FileManager.default.removeItem(atPath: outside("ballast"))
    }

    /// Lets nobody write any more.
    func makeReadOnly() async throws {
        let end = try await run("mount", ["-o", "remount,ro", path])
        try #require(end.status == 0, "\(end.errors)")
    }
}
