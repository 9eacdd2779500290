import Foundation

extension Workplace {
    /// Runs the program with a file as its standard input.
    @discardableResult
    func millrace(
        _ arguments: [String], reading file: String, environment: [String: String?] = [:],
        meanwhile: @Sendable (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await run(
            "sh", ["-c", "exec \"$0\" \"$@\" < '\(file)'", Program.path] + arguments + ["--store", store],
            environment: environment, meanwhile: meanwhile)
    }

    /// The files of decoded recordings, and those that are being taken in.
    func kept() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: store + "-audio")) ?? []
    }

    /// Makes a file from another by ffmpeg; its name decides the format.
    func convert(_ input: String, to name: String, _ options: [String] = []) async throws -> String {
        let end = try await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", input] + options + [path(name)])
        guard end.status == 0 else { throw OutOfPatience(description: "ffmpeg: \(end.errors)") }
        return path(name)
    }

    /// Whether ffmpeg is installed; `script/bootstrap --tests` sees to it.
    static let hasFFmpeg = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg")
    }
}
