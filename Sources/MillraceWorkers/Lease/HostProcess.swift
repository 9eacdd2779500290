internal import Foundation
internal import MillraceCore

/// What the host's kernel says about processes.
enum HostProcess {
    /// The identity of this process; `nil` where the system does not tell.
    static func current() -> ProcessIdentity? {
        identity(of: getpid())
    }

    /// Whether a process is known to be gone: it belongs to this boot and namespace, and the kernel has no such one.
    static func isGone(_ process: ProcessIdentity) -> Bool {
        guard let bootID = bootID(), let namespace = namespace(),
            process.bootID == bootID, process.namespace == namespace
        else { return false }
        return startTicks(of: process.processID) != process.startTicks
    }

    private static func identity(of pid: Int32) -> ProcessIdentity? {
        guard let bootID = bootID(), let namespace = namespace(), let ticks = startTicks(of: pid) else { return nil }
        return ProcessIdentity(bootID: bootID, namespace: namespace, processID: pid, startTicks: ticks)
    }

    private static func bootID() -> String? {
        text(of: "/proc/sys/kernel/random/boot_id")?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func namespace() -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    }

    /// The start time of a process that has not ended, from `/proc/<pid>/stat` (proc(5), fields 3 and 22).
    private static func startTicks(of pid: Int32) -> UInt64? {
        // The name in the second field may hold blanks and brackets; what follows the last bracket is regular.
        guard let stat = text(of: "/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }

    private static func text(of path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
