internal import Foundation
internal import MillraceCore

/// A file in which a process that may be killed at any time notes what it is about to measure, and what it was told is safe.
struct SampleJournal {
    /// What the times of batches came to, in milliseconds.
    struct Contents {
        /// The times of batches that were about to be recorded.
        var attempted: [Int64] = []
        /// The times of those of which it was said that they are safe.
        var safe: Set<Int64> = []
    }

    private let file: FileHandle

    /// Opens it, and makes it when it is not there.
    init(at path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(.unavailable, "cannot open \(path)") }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func attempt(_ time: Int64) throws { try file.write(contentsOf: Data("attempt \(time)\n".utf8)) }

    func confirm(_ time: Int64) throws { try file.write(contentsOf: Data("safe \(time)\n".utf8)) }

    /// Reads it. A line that a killed process has not ended is none.
    static func read(_ path: String) throws -> Contents {
        var contents = Contents()
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let time = Int64(words[1]) else { continue }
            if words[0] == "attempt" {
                contents.attempted.append(time)
            } else {
                contents.safe.insert(time)
            }
        }
        return contents
    }
}
