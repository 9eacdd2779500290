import Foundation
import Testing

@Suite(.bounded) struct PromptTests {
    @Test func `a prompt reaches the engine and counts in the cache`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: "echo \"prompt: $MILLRACE_PROMPT\"")
            let file = try Recordings.bursts(1, in: place)
            func text(_ prompt: [String]) async throws -> String {
                let end = try await place.millrace(["transcribe", file] + prompt + engine.options)
                #expect(end.status == 0, "\(end.errors)")
                return end.output
            }
            #expect(try await text(["--prompt", "Ada, Grace"]).hasPrefix("prompt: Ada, Grace heard"))
            #expect(try await text(["--prompt", "Linus"]).hasPrefix("prompt: Linus heard"))
            #expect(try await text([]).hasPrefix("prompt: heard"))
            #expect(try engine.starts().count == 3)
            #expect(try await text(["--prompt", "Ada, Grace"]).hasPrefix("prompt: Ada, Grace heard"))
            #expect(try await text(["--prompt", ""]).hasPrefix("prompt: heard"))
            #expect(try engine.starts().count == 3)
        }
    }

    @Test func `an engine that cannot use one refuses it before anything is stored`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(["transcribe", file, "--prompt", "Ada"])
            #expect(end.status == 1)
            #expect(
                end.errorLines == [
                    "millrace: pocketsphinx cannot use a prompt; drop --prompt or use another engine"
                ])
            let long = try await place.millrace(
                ["transcribe", file, "--command", "cksum", "--prompt", String(repeating: "x", count: 10_001)])
            #expect(long.status == 64 && long.errors.contains("no longer than 10000 bytes"), "\(long.errors)")
            #expect(!FileManager.default.fileExists(atPath: place.store))
        }
    }
}
