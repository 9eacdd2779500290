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
        if let fields = stat(of: process.processID) {
            return hasEnded(fields) || UInt64(fields[19]) != process.startTicks
        }
        // The host may hide other users' processes; only the kernel's word counts then.
        return kill(process.processID, 0) == -1 && errno == ESRCH
    }

    static func identity(of pid: Int32) -> ProcessIdentity? {
        guard let bootID = bootID(), let namespace = namespace(), let ticks = startTicks(of: pid) else { return nil }
        return ProcessIdentity(bootID: bootID, namespace: namespace, processID: pid, startTicks: ticks)
    }

    private static func bootID() -> String? {
        text(of: "/proc/sys/kernel/random/boot_id")?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func namespace() -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    }

    /// The start time of a process that has not ended, from field 22 of its `stat`.
    private static func startTicks(of pid: Int32) -> UInt64? {
        guard let fields = stat(of: pid), !hasEnded(fields) else { return nil }
        return UInt64(fields[19])
    }

    /// Whether a process has ended but is still listed, because its parent has not asked for its end.
    private static func hasEnded(_ stat: [Substring]) -> Bool {
        stat[0] == "Z" || stat[0] == "X"
    }

    /// The fields of `/proc/<pid>/stat` from the third on (proc(5)).
    private static func stat(of pid: Int32) -> [Substring]? {
        // The name in the second field may hold blanks and brackets; what follows the last bracket is regular.
        guard let stat = text(of: "/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? fields : nil
    }

    private static func text(of path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
