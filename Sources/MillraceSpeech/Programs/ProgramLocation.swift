internal import Foundation
internal import MillraceCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Finds programs as a shell does.
enum ProgramLocation {
    /// The absolute path of a program: a word with a slash is a path, any other is looked up in PATH.
    ///
    /// Throws `engineUnavailable` when there is no such program or it may not be run.
    static func find(_ word: String) throws(TranscriptionError) -> String {
        let candidates = candidates(for: word)
        if let path = candidates.first(where: isExecutable) { return path }
        if let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) {
            throw TranscriptionError(
                .engineUnavailable, "\(path) is not an executable program; check the command or make it executable")
        }
        throw TranscriptionError(
            .engineUnavailable, "the program \(word) is not found; install it or give its whole path")
    }

    private static func candidates(for word: String) -> [String] {
        if word.contains("/") { return [AbsolutePath.of(word)] }
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return folders.split(separator: ":").map { AbsolutePath.of("\($0)/\(word)") }
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
