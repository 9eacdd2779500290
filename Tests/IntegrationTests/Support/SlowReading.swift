import Foundation
import Testing

/// What a program prints, line by line: it waits at each until that is read, if a line is longer than a pipe holds.
final class SlowReading {
    /// More than a pipe holds, as the value of a line.
    static let filler = String(repeating: "x", count: 100_000)

    private let running: Running
    private let descriptor: Int32
    private var rest = Data()

    private init(_ path: String, _ running: Running) {
        self.running = running
        descriptor = open(path, O_RDONLY | O_NONBLOCK)
    }

    deinit {
        close(descriptor)
    }

    /// The next line; `nil` when the program has ended without one.
    ///
    /// When it is there, the program has begun at most one more.
    func line() async throws -> String? {
        var line: String?
        var isOver = false
        try await eventually("a line, or the end") {
            let hasEnded = running.hasEnded
            var bytes = [UInt8](repeating: 0, count: 4_096)
            while true {
                if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    line = String(decoding: rest[..<end], as: UTF8.self)
                    rest = Data(rest[(end + 1)...])
                    return true
                }
                let count = read(descriptor, &bytes, bytes.count)
                guard count > 0 else {
                    isOver = count == 0 && hasEnded
                    return isOver
                }
                rest.append(contentsOf: bytes[..<count])
            }
        }
        return line
    }
}

extension SlowReading {
    /// Runs the program, reads what it prints, and kills it when that has been read.
    static func run(
        _ arguments: [String], in place: Workplace, environment: [String: String?],
        _ body: @escaping @Sendable (SlowReading) async throws -> Void
    ) async throws {
        let path = place.path("pipe-\(UUID())")
        guard mkfifo(path, 0o600) == 0 else { throw OutOfPatience(description: "no pipe at \(path)") }
        let words = ["-c", #"exec "$0" "$@" > "$MILLRACE_TEST_PIPE""#, Program.path] + arguments
        try await place.run(
            "sh", words + ["--store", place.store],
            environment: environment.merging(["MILLRACE_TEST_PIPE": path]) { $1 }
        ) { running in
            defer { running.send(SIGKILL) }
            try await body(SlowReading(path, running))
        }
    }
}
