internal import Foundation

/// A process of a server, to be sent signals by its number.
struct ServerProcess: Sendable {
    let id: pid_t

    /// The process whose number is the first line of a file.
    init?(fileAt path: String) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let id = text.split(separator: "\n").first.flatMap({ pid_t($0.trimmingCharacters(in: .whitespaces)) })
        else { return nil }
        self.id = id
        guard isRunning else { return nil }
    }

    private init(id: pid_t) {
        self.id = id
    }

    func send(_ signal: Int32) throws {
        guard kill(id, signal) == 0 else {
            throw TestServerError("process \(id) gets no signal: \(String(cString: strerror(errno)))")
        }
    }

    /// Whether it is there and has not ended.
    var isRunning: Bool {
        guard let state = Self.fields(of: id)?.first else { return false }
        return state != "Z" && state != "X"
    }

    /// Whether all of its threads have come to a stop, which takes a moment after the signal.
    var isStopped: Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task")) ?? []
        return threads.compactMap { pid_t($0) }.allSatisfy { Self.fields(of: $0)?.first == "T" }
    }

    /// The processes that it has made and that are still there.
    func children() -> [ServerProcess] {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
        let parent = Substring(String(id))
        return ids.filter { Self.fields(of: $0)?.dropFirst().first == parent }.map(ServerProcess.init(id:))
    }

    /// State and parent: what follows the name, in brackets, of a process.
    private static func fields(of id: pid_t) -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}

extension [ServerProcess] {
    /// Waits until none of them is running.
    func ended() async throws {
        for _ in 0..<3_000 {
            if allSatisfy({ !$0.isRunning }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestServerError("processes \(filter(\.isRunning).map(\.id)) do not end")
    }
}
