import Foundation
import Testing

@Suite(.bounded) struct LogOptionsTests {
    /// A line of standard error as `--log-format json` writes it.
    private struct Line: Decodable {
        let time: Date
        let level: String
        let label: String
        let message: String
        let metadata: [String: String]?

        static func all(_ end: Ending) throws -> [Line] {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .custom { decoder in
                try Date(
                    decoder.singleValueContainer().decode(String.self),
                    strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
            return try end.errorLines.map { try decoder.decode(Line.self, from: Data($0.utf8)) }
        }
    }

    @Test func `as JSON every line of standard error is one object, the transcript stays as it is`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(2, in: place)
            let arguments = ["transcribe", file, "gone.wav"] + Recordings.burstChunks + engine.options
            let end = try await place.millrace(arguments + ["--log-format", "json", "--log-level", "debug"])
            let lines = try Line.all(end)
            #expect(lines.allSatisfy { $0.label == "millrace" && abs($0.time.timeIntervalSinceNow) < 3_600 })
            let error = try #require(lines.first { $0.level == "error" })
            #expect(error.message.contains("gone.wav: there is no such file"))
            let progress = try #require(lines.first { $0.message.hasPrefix("bursts.wav: ") && $0.metadata != nil })
            #expect(progress.level == "info")
            #expect(progress.metadata?["chunks"] == "2")
            let claim = try #require(lines.first { $0.message == "Claimed chunks" })
            #expect(claim.level == "debug")
            #expect(claim.metadata?.keys.sorted() == ["chunks", "millrace-worker-id"])
            let plain = try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options)
            #expect(end.output == plain.output)
            #expect(end.status == 1)
        }
    }

    @Test func `as JSON nothing moves, not even on a terminal`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(2, in: place)
            let command =
                "\(Program.path) transcribe gone.wav \(file) --log-format json --chunk-seconds 1.5 "
                + "--command 'sh \(engine.path)' --store \(place.store)"
            let end = try await place.run("script", ["-qec", command, "/dev/null"], environment: ["TERM": "xterm"])
            #expect(end.output.contains(#""level":"error""#))
            #expect(!end.output.contains("\u{1B}"), "\(end.output.debugDescription)")
        }
    }

    @Test func `a variable decides the form and the level, unless an option does`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(1, in: place)
            let arguments = ["transcribe", file, "--no-cache"] + engine.options
            let environment = ["MILLRACE_LOG_LEVEL": "debug", "MILLRACE_LOG_FORMAT": "json"]
            let byVariable = try await place.millrace(arguments, environment: environment)
            #expect(try Line.all(byVariable).contains { $0.level == "debug" })
            let byOption = try await place.millrace(
                arguments + ["--log-level", "warning", "--log-format", "text"], environment: environment)
            #expect(byOption.errorLines.allSatisfy { $0.hasPrefix("bursts.wav: ") }, "\(byOption.errors)")
            let quiet = try await place.millrace(arguments + ["-q"], environment: ["MILLRACE_LOG_LEVEL": "debug"])
            #expect(quiet.errors.isEmpty, "\(quiet.errors)")
            let quietLog = try await place.millrace(arguments + ["-q", "--log-level", "debug"])
            #expect(quietLog.errors.contains("millrace: debug: Claimed chunks (chunks=1 millrace-worker-id="))
            #expect(!quietLog.errors.contains("bursts.wav"))
            let verbose = try await place.millrace(arguments + ["-v"])
            #expect(verbose.errors.contains("millrace: debug: Claimed chunks"))
        }
    }

    @Test func `a chunk that fails is logged with the reason`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(
                ["transcribe", file, "--command", "sh -c 'echo broken >&2; exit 64'", "--log-level", "info"])
            let line = try #require(end.errorLines.first { $0.hasPrefix("millrace: info: A chunk failed (") })
            #expect(line.contains("chunk=0 error="))
            #expect(line.contains("broken"))
        }
    }

    @Test(
        arguments: [
            (["--log-level", "loud"], [:], "'loud' is invalid for '--log-level <level>'. Please provide one of"),
            (["--log-format", "xml"], [:], "Please provide one of 'text' and 'json'"),
            (
                [], ["MILLRACE_LOG_LEVEL": "LOUD"],
                "The variable MILLRACE_LOG_LEVEL is 'LOUD'; it must be one of trace, debug"
            ),
            ([], ["MILLRACE_LOG_FORMAT": "xml"], "MILLRACE_LOG_FORMAT is 'xml'; it must be one of text, json"),
        ] as [([String], [String: String], String)])
    func `a level or a form that does not exist is one line`(
        options: [String], environment: [String: String], says: String
    ) async throws {
        try await Workplace.with { place in
            for command in [["transcribe", "a.wav"], ["worker"], ["transcripts", "list"]] {
                let end = try await place.run(Program.path, command + options, environment: environment)
                #expect(end.status == 64)
                #expect(end.errorLines.count == 1, "\(end.errors)")
                #expect(end.errors.contains(says), "\(end.errors)")
            }
        }
    }

    @Test func `commands about what is stored have the same options`() async throws {
        try await Workplace.with { place in
            let end = try await place.millrace(["transcripts", "show", "nothing", "--log-format", "json"])
            let lines = try Line.all(end)
            #expect(lines.map(\.level) == ["error"])
            #expect(lines.first?.message.contains("is not the id of a transcript") == true)
        }
    }
}
