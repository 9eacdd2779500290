import Foundation
import Subprocess
import SystemPackage
import Testing

/// The folder of one test, in which it runs the program as a user does: with a store, a home and recordings of its own.
final class Workplace: Sendable {
    let folder: String
    /// The store of runs that name no other.
    let store: String
    private let runs = Counter()

    private init(store: String?) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-use-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.store = store ?? "\(folder)/store.db"
    }

    /// Gives a test its folder, and removes it afterwards. Without a store, that is a file in it.
    static func with<Value>(
        store: String? = nil, _ body: (Workplace) async throws -> Value
    ) async throws -> Value {
        let place = try Workplace(store: store)
        defer { try? FileManager.default.removeItem(atPath: place.folder) }
        return try await body(place)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: path(name), encoding: .utf8)
    }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    /// Runs the program with `--store` behind the arguments.
    ///
    /// `meanwhile` is called once while it runs.
    @discardableResult
    func millrace(
        _ arguments: [String], environment: [String: String?] = [:],
        meanwhile: @Sendable (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await run(
            Program.path, arguments + ["--store", store], environment: environment, meanwhile: meanwhile)
    }

    /// Runs any program in the folder, its input empty and its output in files.
    @discardableResult
    func run(
        _ program: String, _ arguments: [String], environment: [String: String?] = [:],
        meanwhile: @Sendable (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        let number = runs.next()
        let (output, errors) = (path("run-\(number).out"), path("run-\(number).err"))
        var variables: [Environment.Key: String?] = [
            "HOME": folder, "XDG_DATA_HOME": nil, "MILLRACE_STORE": nil, "MILLRACE_PROGRAM": nil, "NO_COLOR": nil,
            "MILLRACE_OPENAI_API_KEY": nil, "OPENAI_API_KEY": nil,
            "MILLRACE_LOG_LEVEL": nil, "MILLRACE_LOG_FORMAT": nil, "MILLRACE_REDIS_URL": nil,
            "MILLRACE_REDIS_PASSWORD": nil, "REDISCLI_AUTH": nil, "MILLRACE_PROMETHEUS_URL": nil,
            "MILLRACE_PROMETHEUS_PASSWORD": nil, "MILLRACE_PROMETHEUS_TOKEN": nil, "MILLRACE_PROMETHEUS_HEADERS": nil,
            "MILLRACE_INSTANCE": nil,
        ]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            Configuration(
                executable: program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments), environment: .inherit.updating(variables),
                workingDirectory: FilePath(folder)),
            input: .none, output: .fileDescriptor(Self.open(output), closeAfterSpawningProcess: true),
            error: .fileDescriptor(Self.open(errors), closeAfterSpawningProcess: true)
        ) { execution in
            try await meanwhile(Running(processID: execution.processIdentifier.value, errorsPath: errors))
        }
        return Ending(
            result.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    private static func open(_ path: String) throws -> FileDescriptor {
        try .open(path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    }
}

/// A program that runs.
struct Running: Sendable {
    let processID: pid_t
    let errorsPath: String

    func send(_ signal: Int32) {
        kill(processID, signal)
    }

    /// Whether it is gone, or would be if anybody asked how it ended.
    var hasEnded: Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8) else { return true }
        return stat.contains(") Z ")
    }

    /// Whether it was told to stand still and does.
    var isFrozen: Bool {
        let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
        return stat?.contains(") T ") == true
    }

    /// The most memory that it had so far, `VmHWM` of `/proc/<pid>/status`; `nil` when it has ended.
    var peakKilobytes: Int? {
        let status = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
    }

    /// What it has read so far, of whatever kind, `rchar` of `/proc/<pid>/io`; `nil` when it has ended.
    var readBytes: Int? {
        let counters = try? String(contentsOfFile: "/proc/\(processID)/io", encoding: .utf8)
        let line = counters?.split(separator: "\n").first { $0.hasPrefix("rchar:") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }

    /// The processes that it has started, each with its command line.
    func children() -> [pid_t: String] {
        var children: [pid_t: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = pid_t(name),
                let status = try? String(contentsOfFile: "/proc/\(name)/status", encoding: .utf8),
                status.contains("\nPPid:\t\(processID)\n"),
                let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else { continue }
            children[process] = String(decoding: words, as: UTF8.self)
        }
        return children
    }

    /// What it has written to standard error so far.
    func errors() throws -> String {
        try String(contentsOfFile: errorsPath, encoding: .utf8)
    }
}
