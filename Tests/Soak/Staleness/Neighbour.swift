internal import Foundation
internal import Synchronization

/// Another process on a store, which writes to its cache when it is told to.
final class Neighbour: Sendable {
    private let process: Mutex<Process>
    private let input: FileHandle
    private let state = Mutex(State())

    init(store: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["cache-neighbour", "--store", store]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        self.input = input.fileHandleForWriting
        self.process = Mutex(process)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let bytes = handle.availableData
            guard let self, !bytes.isEmpty else {
                handle.readabilityHandler = nil
                for waiter in self?.state.withLock({ $0.end() }) ?? [] { waiter.resume(throwing: NeighbourEnded()) }
                return
            }
            for (waiter, time) in self.state.withLock({ $0.take(bytes) }) { waiter.resume(returning: time) }
        }
        try self.process.withLock { try $0.run() }
    }

    /// Tells it to do something, and waits until that is done.
    ///
    /// - Returns: the monotonic time at which it was done, in nanoseconds.
    func tell(_ words: String...) async throws -> Int64 {
        let line = Data((words.joined(separator: " ") + "\n").utf8)
        return try await withCheckedThrowingContinuation { continuation in
            // It answers in the order in which it is told.
            state.withLock { state in
                do {
                    guard !state.hasEnded else { throw NeighbourEnded() }
                    try input.write(contentsOf: line)
                    state.waiting.append(continuation)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    private struct State {
        var waiting: [CheckedContinuation<Int64, any Error>] = []
        var rest = Data()
        var hasEnded = false

        /// Takes bytes in; the answers that they complete, each with who waits for it.
        mutating func take(_ bytes: Data) -> [(CheckedContinuation<Int64, any Error>, Int64)] {
            rest += bytes
            var answers: [(CheckedContinuation<Int64, any Error>, Int64)] = []
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if let time = Int64(String(decoding: rest[..<end], as: UTF8.self)), !waiting.isEmpty {
                    answers.append((waiting.removeFirst(), time))
                }
                rest = Data(rest[(end + 1)...])
            }
            return answers
        }

        mutating func end() -> [CheckedContinuation<Int64, any Error>] {
            hasEnded = true
            defer { waiting = [] }
            return waiting
        }
    }

    /// Lets it end.
    func dismiss() {
        try? input.close()
        process.withLock { $0.waitUntilExit() }
    }

    struct NeighbourEnded: Error {}

    /// The time by which it answers.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
