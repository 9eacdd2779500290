internal import Foundation
internal import Subprocess
internal import SystemPackage

/// `script/servers`, which starts and stops the servers.
enum ServerScript {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Starts the servers of a folder, which end with this process: all, or the one that is wanted.
    ///
    /// - Returns: the variables that lead to them.
    static func start(in folder: String, only: String?, options: [String] = []) async throws -> [String: String] {
        var arguments = ["start", "--folder", folder, "--while", String(getpid())] + options
        if let only { arguments += ["--only", only] }
        let lines = try await run(arguments).split(separator: "\n")
        var variables: [String: String] = [:]
        for line in lines {
            let words = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            if words.count == 2 { variables[String(words[0])] = words[1].trimmingCharacters(in: ["'"]) }
        }
        return variables
    }

    /// Makes the folder of a test's own servers.
    static func makeFolder() throws -> String {
        // The name of a Unix socket in it has at most 107 bytes.
        let folder = "/tmp/millrace-servers.\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        return folder
    }

    /// Ends the servers of a folder and removes it.
    static func stop(_ folder: String) async throws {
        _ = try await run(["stop", "--folder", folder])
    }

    private static func run(_ arguments: [String]) async throws -> String {
        try await ServerProgram.run("\(root)/script/servers", arguments)
    }
}

/// The programs of the servers, as tests run them.
enum ServerProgram {
    /// Runs a program to its end.
    ///
    /// - Returns: its standard output.
    static func run(_ path: String, _ arguments: [String], input: String = "") async throws -> String {
        let result = try await Subprocess.run(
            .path(.init(path)), arguments: .init(arguments), input: .string(input), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw TestServerError("\(path) \(arguments.first ?? ""): \(result.standardError)")
        }
        return result.standardOutput
    }
}
