import Foundation
import MillraceCore
import MillraceSpeech
import Testing

@Suite struct CommandTranscriberTests {
    private let folder: TemporaryFolder
    private let audio = AudioChunk(samples: (0..<160_000).map { Int16(truncatingIfNeeded: $0) })

    init() throws {
        folder = try TemporaryFolder()
    }

    private func run(
        _ words: [String], timeout: Duration = .seconds(240), language: String? = nil, prompt: String? = nil
    ) async throws -> ChunkResult {
        let transcriber = try CommandTranscriber(words: words, timeout: timeout)
        return try await transcriber.transcribe(
            audio, recipe: Recipe(engine: transcriber.identity, language: language, prompt: prompt))
    }

    private func error(_ words: [String], timeout: Duration = .seconds(240)) async -> TranscriptionError? {
        do {
            _ = try await run(words, timeout: timeout)
            return nil
        } catch {
            return error as? TranscriptionError
        }
    }

    private func text(_ words: [String], language: String? = nil, prompt: String? = nil) async throws -> String {
        try await run(words, language: language, prompt: prompt).segments.map(\.text).joined(separator: "\n")
    }

    @Test func `is known by its exact words`() throws {
        let identity = try CommandTranscriber(words: ["a", "b c"]).identity
        #expect(identity.kind == "command")
        #expect(identity.fingerprint == ContentHash(ofParts: ["a", "b c"]))
        #expect(try CommandTranscriber(words: ["a", "b", "c"]).identity != identity)
        #expect(throws: InvalidValue.self) { try CommandTranscriber(words: []) }
        #expect(throws: InvalidValue.self) { try CommandTranscriber(words: ["a", "b\0"]) }
    }

    @Test func `gives the WAV as standard input`() async throws {
        let copy = folder.file("copy.wav")
        #expect(try await text(["sh", "-c", "cat > '\(copy)'; echo done"]) == "done")
        #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(WAVEncoder.encode(audio)))
    }

    @Test func `gives the WAV as a file, private and removed afterwards`() async throws {
        let copy = folder.file("copy.wav")
        let script = try folder.script(
            #"cp "${1#x=}" '\#(copy)'; stat -c '%a %n' "${1#x=}" "$(dirname "${1#x=}")"; wc -c"#)
        let lines = try await text([script, "x={file}"]).split(separator: " ")
        #expect(lines.count == 5)
        #expect(lines[0] == "600" && lines[2] == "700")
        // Standard input is empty then.
        #expect(lines[4] == "0")
        #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(WAVEncoder.encode(audio)))
        #expect(!FileManager.default.fileExists(atPath: String(lines[1])))
        #expect(!FileManager.default.fileExists(atPath: String(lines[3])))
    }

    @Test func `passes words as they are, without a shell`() async throws {
        #expect(try await text(["printf", "%s|", "a b", "$HOME", "*", "", "'x'"]) == "a b|$HOME|*||'x'|")
    }

    @Test func `hands on language and prompt`() async throws {
        let script = try folder.script(#"echo "${MILLRACE_LANGUAGE-none} ${MILLRACE_PROMPT-none}""#)
        #expect(try await text([script], language: "de", prompt: "mill, race") == "de mill, race")
        #expect(try await text([script]) == "none none")
    }

    @Test func `reads text and JSON, and takes no output for silence`() async throws {
        #expect(try await run(["true"]).segments == [])
        let whole = try await run(["echo", " Hello there. "], language: "en")
        #expect(whole == ChunkResult(segments: [Segment(start: 0, end: 10, text: "Hello there.")], language: "en"))
        let json = #"{"segments": [{"start": 1, "end": 2, "text": "a"}], "language": "fr"}"#
        #expect(
            try await run(["echo", json])
                == ChunkResult(segments: [Segment(start: 1, end: 2, text: "a")], language: "fr"))
        let broken = await error(["echo", "{\"segments\": ["])
        #expect(broken?.code == .badOutput)
    }

    @Test func `does not mind a program that reads nothing`() async throws {
        for _ in 0..<20 { #expect(try await text(["sh", "-c", "exec <&-; echo fine"]) == "fine") }
    }

    @Test func `reports the exit code and what the program said`() async throws {
        let failed = await error(["sh", "-c", "echo out; echo first >&2; printf 'last \\033[31mwords\\n' >&2; exit 3"])
        #expect(failed?.code == .engineFailed)
        #expect(failed?.isRetryable == true)
        #expect(failed?.message == "sh exited with code 3: first | last words")
        let killed = await error(["sh", "-c", "kill -9 $$"])
        #expect(killed?.message.contains("ended by signal 9") == true)
        #expect(killed?.isRetryable == true)
    }

    @Test func `keeps up with a program that talks a lot`() async throws {
        let failed = await error([
            "sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1",
        ])
        #expect(failed?.message.hasSuffix("line 19998 | line 19999") == true)
        #expect(failed.map { $0.message.count <= 600 } == true)
    }

    @Test func `refuses endless output`() async {
        let failed = await error(["yes"])
        #expect(failed?.code == .badOutput)
        #expect(failed?.message.contains("more than 16 MB") == true)
    }

    @Test func `says that a program is missing or not executable`() async throws {
        let plain = try folder.write("text", to: "plain")
        for (word, part) in [
            ("no-such-program-here", "is not found"), (folder.file("missing"), "is not found"),
            (plain, "is not an executable program"), (folder.path, "is not an executable program"),
        ] {
            let transcriber = try CommandTranscriber(words: [word])
            await #expect {
                try await transcriber.check()
            } throws: {
                let error = $0 as? TranscriptionError
                return error?.code == .engineUnavailable && error?.isRetryable == false
                    && error?.message.contains(part) == true
            }
            let failed = await error([word])
            #expect(failed?.code == .engineUnavailable)
        }
        try await CommandTranscriber(words: ["sh"]).check()
        try await CommandTranscriber(words: ["/bin/sh"]).check()
    }

    @Test func `ends a program that takes too long, with its children`() async throws {
        // The child ignores SIGTERM and holds the output open.
        let script = try folder.script(
            "sh -c 'trap \"\" TERM; echo $$ > \(folder.file("new")); mv \(folder.file("new")) \(folder.file("pid")); while :; do sleep 1; done' & wait"
        )
        // Longer if the machine is so slow that the child was not there by then. Left alone it would run for ever.
        for seconds in [5, 30, 120] where !FileManager.default.fileExists(atPath: folder.file("pid")) {
            let failed = await error([script], timeout: .seconds(seconds))
            #expect(failed?.code == .timedOut)
            #expect(failed?.isRetryable == true)
        }
        // It has been sent SIGKILL; that takes effect a moment later where the processors are busy.
        await eventually { (try? isGone(pidFile: folder.file("pid"))) ?? false }
    }

    @Test func `ends the program and removes its files when its task is cancelled`() async throws {
        let started = folder.file("started")
        let script = try folder.script(
            "trap '' TERM; echo $1 > '\(started).new'; echo $$ > '\(folder.file("pid"))'; mv '\(started).new' '\(started)'; while :; do sleep 1; done"
        )
        let transcriber = try CommandTranscriber(words: [script, "{file}"])
        let audio = audio
        let error = await withTaskGroup(of: TranscriptionError?.self) { group in
            group.addTask {
                do throws(TranscriptionError) {
                    _ = try await transcriber.transcribe(audio, recipe: Recipe(engine: transcriber.identity))
                    return nil
                } catch {
                    return error
                }
            }
            await eventually { FileManager.default.fileExists(atPath: started) }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error?.code == .cancelled)
        let wav = try String(contentsOfFile: started, encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(wav.hasSuffix(".wav"))
        #expect(!FileManager.default.fileExists(atPath: wav))
        #expect(!FileManager.default.fileExists(atPath: (wav as NSString).deletingLastPathComponent))
        #expect(try isGone(pidFile: folder.file("pid")))
    }

    @Test func `runs many programs at once`() async throws {
        let audio = audio
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let transcriber = try CommandTranscriber(words: ["sh", "-c", "wc -c; echo \(number)"])
                    let result = try await transcriber.transcribe(audio, recipe: Recipe(engine: transcriber.identity))
                    #expect(result.segments.map(\.text) == ["320044 \(number)"])
                }
            }
            try await group.waitForAll()
        }
    }
}
