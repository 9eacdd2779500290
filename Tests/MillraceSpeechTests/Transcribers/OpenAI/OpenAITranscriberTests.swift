import Foundation
import InMemoryTracing
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing
import Tracing

@testable import MillraceSpeech

@Suite(.timeLimit(.minutes(5))) struct OpenAITranscriberTests {
    @Test func `sends a form with the chunk, and reads the answer`() async throws {
        let requests = Mutex<[HTTPTestRequest]>([])
        try await SpeechAPI.with { request in
            requests.withLock { $0.append(request) }
            return .json(
                #"{"text":"Hello there","language":"english","segments":[{"start":0,"end":0.5,"text":"Hello there"}]}"#)
        } configure: {
            $0.model = "large-v3"
            $0.key = try APIKey("sk-secret")
        } body: { api in
            let result = try await api.transcribe(language: "pt-BR", prompt: "mill,\r\nrace")
            #expect(
                result
                    == ChunkResult(segments: [Segment(start: 0, end: 0.5, text: "Hello there")], language: "en"))
            #expect(api.transcriber.identity.kind == "openai")
            #expect(api.transcriber.identity.model == "large-v3")
            #expect(api.transcriber.identity.fingerprint == ContentHash(of: Data("\(api.server.url)/v1".utf8)))
        }
        let request = try #require(requests.withLock { $0 }.first)
        #expect(request.method == "POST" && request.path == "/v1/audio/transcriptions")
        #expect(request.header("authorization") == "Bearer sk-secret")
        let form = try #require(MultipartForm(request))
        #expect(
            form.values == [
                "model": ["large-v3"], "response_format": ["verbose_json"], "language": ["pt"],
                "timestamp_granularities[]": ["word", "segment"], "prompt": ["mill,\r\nrace"],
            ])
        let file = try #require(form.files["file"])
        #expect(file.name == "chunk.flac" && file.type == "audio/flac")
        let path = try TemporaryFolder()
        let sound = try AudioFile(path: path.write(Data(file.bytes), to: "chunk.flac"))
        let range = try SampleRange(start: 0, end: Int64(SpeechAPI.sound.samples.count))
        #expect(try sound.samples(in: range) == SpeechAPI.sound.samples)
    }

    @Test func `shows its address in no trace, and tells the API of none`() async throws {
        let requests = Mutex<[HTTPTestRequest]>([])
        let tracer = InMemoryTracer()
        try await withTracer(tracer) {
            try await withSpan("chunk") { _ in
                try await SpeechAPI.with { request in
                    requests.withLock { $0.append(request) }
                    return SpeechAPI.answer
                } body: { api in
                    _ = try await api.transcribe()
                }
            }
        }
        #expect(tracer.finishedSpans.map(\.operationName) == ["chunk"])
        let request = try #require(requests.withLock { $0 }.first)
        #expect(request.header(InMemoryTracer.traceIDKey) == nil)
    }

    @Test func `without a key, language or prompt sends none`() async throws {
        let requests = Mutex<[HTTPTestRequest]>([])
        try await SpeechAPI.with { request in
            requests.withLock { $0.append(request) }
            return SpeechAPI.answer
        } body: { api in
            _ = try await api.transcribe()
        }
        let request = try #require(requests.withLock { $0 }.first)
        #expect(request.header("authorization") == nil)
        let values = try #require(MultipartForm(request)).values
        #expect(values["language"] == nil && values["prompt"] == nil)
    }

    @Test func `uses its connections again, and has no more than requests at one time`() async throws {
        try await SpeechAPI.with { _ in
            SpeechAPI.answer
        } configure: {
            $0.concurrency = 3
        } body: { api in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<60 { group.addTask { _ = try await api.transcribe() } }
                try await group.waitForAll()
            }
            #expect(api.server.record.requests == 60)
            #expect(api.server.record.connections <= 3)
            #expect(api.transcriber.traffic.requests == 60)
        }
    }

    @Test func `puts its request in the words that an API knows, and learns them once`() async throws {
        let forms = Mutex<[MultipartForm]>([])
        try await SpeechAPI.with { request in
            guard let form = MultipartForm(request) else { return .json("{}", status: 418) }
            forms.withLock { $0.append(form) }
            if form.values["timestamp_granularities[]"] != nil {
                return .json(#"{"error":{"message":"unknown timestamp_granularities"}}"#, status: 400)
            }
            if form.values["response_format"] != ["json"] {
                return .json(#"{"detail":"verbose_json is not supported"}"#, status: 422)
            }
            if form.files["file"]?.name != "chunk.wav" { return .json(#"{"error":"failed to read WAV file"}"#) }
            return SpeechAPI.answer
        } body: { api in
            #expect(try await api.transcribe().segments.map(\.text) == ["Hello there"])
            #expect(forms.withLock(\.count) == 4)
            _ = try await api.transcribe()
            #expect(forms.withLock(\.count) == 5)
            #expect(forms.withLock { $0.last?.files["file"]?.bytes } == WAVEncoder.encode(SpeechAPI.sound))
        }
    }

    @Test func `ends a request with its task, and the connection with it`() async throws {
        try await SpeechAPI.with { _ in
            .silence
        } body: { api in
            let error = await withTaskGroup(of: TranscriptionError?.self) { group in
                group.addTask { await api.failure() }
                await eventually { api.server.record.requests == 1 }
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(error?.code == .cancelled)
            await eventually { api.server.record.openConnections == 0 }
        }
    }

    @Test func `leaves no connection behind`() async throws {
        try await HTTPTestServer.with { _ in
            SpeechAPI.answer
        } body: { server in
            let api = OpenAIConfiguration(baseURL: try APIBaseURL(server.url))
            await #expect(throws: CocoaError.self) {
                try await OpenAITranscriber.with(api, logger: .quiet) { transcriber in
                    let recipe = Recipe(engine: transcriber.identity)
                    _ = try await transcriber.transcribe(SpeechAPI.sound, recipe: recipe)
                    #expect(server.record.openConnections == 1)
                    throw CocoaError(.featureUnsupported)
                }
            }
            await eventually { server.record.openConnections == 0 }
        }
    }
}
