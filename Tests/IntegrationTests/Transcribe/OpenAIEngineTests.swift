import Foundation
import Synchronization
import TestServers
import Testing

@Suite(.bounded) struct OpenAIEngineTests {
    /// An API that answers with the length of the sound, and remembers who asked.
    private final class API: Sendable {
        private let posts = Mutex<[HTTPTestRequest]>([])
        private let isHolding = Mutex(false)

        var requests: [HTTPTestRequest] { posts.withLock { $0 } }
        var models: Set<String> { Set(requests.compactMap { MultipartForm($0)?.values["model"]?.first }) }

        /// Whether answers are held back.
        func hold(_ isOn: Bool) { isHolding.withLock { $0 = isOn } }

        func answer(_ request: HTTPTestRequest) async -> HTTPTestAnswer {
            guard request.method == "POST" else { return .json(#"{"data":[{"id":"whisper-1"}]}"#) }
            posts.withLock { $0.append(request) }
            while isHolding.withLock({ $0 }) {
                guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return .cut }
            }
            return .json(#"{"text":"heard \#(request.body.count)","language":"english"}"#)
        }
    }

    private func command(_ file: String, _ url: String) -> [String] {
        ["transcribe", file, "--format", "json", "--engine", "openai", "--base-url", url] + Recordings.burstChunks
    }

    @Test func `a recording goes through an API once, however its address is written`() async throws {
        let api = API()
        try await HTTPTestServer.with(api.answer) { server in
            try await Workplace.with { place in
                let file = try Recordings.bursts(6, in: place)
                let first = try await place.millrace(command(file, server.url))
                #expect(first.status == 0, "\(first.errors)")
                let transcript = try #require(first.transcripts().first)
                #expect(transcript.chunks == .init(total: 6, completed: 6, failed: 0, cached: 0))
                #expect(transcript.language == "en")
                #expect(api.requests.count == 6 && api.models == ["whisper-1"])
                let second = try await place.millrace(command(file, "\(server.url)/v1/"))
                #expect(try second.transcripts().first?.chunks.cached == 6)
                #expect(api.requests.count == 6)
                let other = try await place.millrace(command(file, server.url) + ["--model", "large-v3"])
                #expect(try other.transcripts().first?.chunks.cached == 0)
                #expect(api.requests.count == 12 && api.models == ["whisper-1", "large-v3"])
            }
        }
    }

    @Test func `an API that is not there is one line before anything is stored`() async throws {
        let port = try await HTTPTestServer.unusedPort()
        try await Workplace.with { place in
            let file = try Recordings.bursts(3, in: place)
            for options in [
                command(file, "http://127.0.0.1:\(port)"), ["worker", "--base-url", "http://127.0.0.1:\(port)"],
            ] {
                let end = try await place.millrace(options)
                #expect(end.status == 1)
                #expect(
                    end.errorLines == [
                        "millrace: the API at 127.0.0.1:\(port) cannot be reached: connection refused; "
                            + "start it, or check --base-url and the network"
                    ])
                #expect(end.output.isEmpty)
                #expect(try await StoreContents(path: place.store).workRows() == 0)
            }
        }
    }

    @Test func `a wrong key is one line before anything is stored`() async throws {
        try await HTTPTestServer.with { _ in
            .json(#"{"error":{"message":"Incorrect API key provided"}}"#, status: 401)
        } body: { server in
            try await Workplace.with { place in
                let file = try Recordings.bursts(3, in: place)
                let end = try await place.millrace(
                    command(file, server.url), environment: ["OPENAI_API_KEY": "sk-secret"])
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1, "\(end.errors)")
                #expect(
                    end.errors.contains("refuses the key: Incorrect API key provided; check MILLRACE_OPENAI_API_KEY"))
                #expect(try await StoreContents(path: place.store).workRows() == 0)
            }
        }
    }

    @Test func `the key reaches the API and nothing else`() async throws {
        let api = API()
        try await HTTPTestServer.with { request in
            let isRefused = api.requests.count < 2
            let answer = await api.answer(request)
            let key = request.header("authorization") ?? ""
            // The first chunk is refused in every form, with the key in the error that is stored.
            return request.method == "POST" && isRefused ? .json(#"{"error":"no: \#(key)"}"#, status: 400) : answer
        } body: { server in
            try await Workplace.with { place in
                let file = try Recordings.bursts(3, in: place)
                let end = try await place.millrace(
                    command(file, server.url) + ["--verbose", "--concurrency", "1"],
                    environment: ["OPENAI_API_KEY": "sk-common", "MILLRACE_OPENAI_API_KEY": "sk-secret-of-mine"])
                #expect(end.status == 2 && end.errors.contains("no: Bearer <key>"), "\(end.errors)")
                #expect(api.requests.count == 4)
                #expect(api.requests.allSatisfy { $0.header("authorization") == "Bearer sk-secret-of-mine" })
                #expect(!end.errors.contains("sk-secret"), "\(end.errors)")
                let names = try FileManager.default.contentsOfDirectory(atPath: place.folder)
                #expect(names.contains { $0.hasPrefix("store.db") })
                for name in names {
                    let bytes = FileManager.default.contents(atPath: place.path(name)) ?? Data()
                    #expect(bytes.range(of: Data("sk-secret".utf8)) == nil, "\(name)")
                    #expect(bytes.range(of: Data(server.url.utf8)) == nil || name.hasPrefix("run-"), "\(name)")
                }
            }
        }
    }

    @Test func `a worker takes the chunks of its own API and of no other`() async throws {
        let (own, other) = (API(), API())
        own.hold(true)
        try await HTTPTestServer.with(own.answer) { ownServer in
            try await HTTPTestServer.with(other.answer) { otherServer in
                try await Workplace.with { place in
                    let file = try Recordings.bursts(6, in: place)
                    let end = try await place.millrace(command(file, ownServer.url) + ["--concurrency", "1"]) { _ in
                        try await eventually("a chunk is sent") { own.requests.count == 1 }
                        try await place.millrace(["worker", "--base-url", otherServer.url]) { stranger in
                            try await place.millrace(["worker", "--base-url", ownServer.url + "/v1"]) { helper in
                                try await eventually("the helper takes four") { own.requests.count == 5 }
                                own.hold(false)
                                try await eventually("all are sent") { own.requests.count == 6 }
                                helper.send(SIGTERM)
                            }
                            stranger.send(SIGTERM)
                        }
                    }
                    #expect(end.status == 0, "\(end.errors)")
                    #expect(other.requests.isEmpty)
                }
            }
        }
    }

    @Test func `Ctrl-C ends a wait for a limit at once, and the same command goes on after it`() async throws {
        let api = API()
        let isLimited = Mutex(true)
        try await HTTPTestServer.with { request in
            guard request.method == "POST", isLimited.withLock({ $0 }) else { return await api.answer(request) }
            return .json("{}", status: 429, headers: [("retry-after", "3600")])
        } body: { server in
            try await Workplace.with { place in
                let file = try Recordings.bursts(3, in: place)
                let stopped = try await place.millrace(command(file, server.url)) { running in
                    try await eventually("it waits") { try running.errors().contains("The API limits requests") }
                    running.send(SIGINT)
                }
                #expect(stopped.status == 130, "\(stopped.errors)")
                #expect(
                    try await StoreContents(path: place.store).count("chunk_tasks", where: "retry_count > 0") == 0)
                isLimited.withLock { $0 = false }
                let end = try await place.millrace(command(file, server.url))
                #expect(end.status == 0, "\(end.errors)")
                #expect(api.requests.count == 3)
            }
        }
    }

    @Test(
        arguments: [
            (["--engine", "openai", "--base-url", "localhost:8000"], "--base-url must be an http or https address"),
            (["--base-url", "https://me:secret@example.com"], "--base-url must not hold a user or a password"),
            (["--base-url", "http://x/v1?a=b"], "--base-url must end with its path"),
            (["--engine", "openai", "--model", ""], "--model must not be empty"),
            (["--model", "m"], "--model is for --engine openai, not for pocketsphinx"),
            (["--command", "cat", "--base-url", "http://x"], "--base-url is for --engine openai, not for command"),
            (["--engine", "openai", "--command", "cat"], "--command is for --engine command, not for openai"),
        ] as [([String], String)])
    func `options that make no sense are refused in one line`(options: [String], says: String) async throws {
        try await Workplace.with { place in
            let end = try await place.run(Program.path, ["worker"] + options)
            #expect(end.status == 64)
            #expect(end.errorLines.count == 1 && end.errors.contains(says), "\(end.errors)")
            #expect(!end.errors.contains("secret"))
        }
    }

    @Test func `OpenAI without a key is refused before anything is sent`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(["transcribe", file, "--engine", "openai"])
            #expect(end.status == 1)
            #expect(
                end.errorLines == [
                    "millrace: the API at api.openai.com wants a key; set OPENAI_API_KEY or MILLRACE_OPENAI_API_KEY"
                ])
        }
    }
}
