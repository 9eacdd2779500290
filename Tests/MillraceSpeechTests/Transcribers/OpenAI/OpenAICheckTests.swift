import AsyncHTTPClient
import Foundation
import MillraceCore
import NIOSSL
import TestServers
import Testing

@testable import MillraceSpeech

@Suite(.timeLimit(.minutes(5))) struct OpenAICheckTests {
    private func message(
        _ answer: HTTPTestAnswer, key: String? = nil,
        configure: @Sendable (inout OpenAIConfiguration) -> Void = { _ in }
    ) async throws -> String? {
        try await HTTPTestServer.with { request in
            request.path == "/v1/models" && request.method == "GET" ? answer : .cut
        } body: { server in
            var api = OpenAIConfiguration(baseURL: try APIBaseURL(server.url), key: try key.map { try APIKey($0) })
            configure(&api)
            let message = try await message(api)
            return message?.replacing(":\(server.port)", with: "")
        }
    }

    private func message(_ api: OpenAIConfiguration) async throws -> String? {
        try await OpenAITranscriber.with(api, logger: .quiet) { transcriber in
            do throws(TranscriptionError) {
                try await transcriber.check()
                return nil
            } catch {
                #expect(error.code == .engineUnavailable && !error.isRetryable)
                return error.message
            }
        }
    }

    @Test(arguments: [200, 404, 405, 429, 500, 501])
    func `an API that answers is there, with or without a list of models`(status: Int) async throws {
        #expect(try await message(.json("{}", status: status)) == nil)
    }

    @Test func `an API that is not there`() async throws {
        let port = try await HTTPTestServer.with { _ in
            .cut
        } body: {
            $0.port
        }
        let api = OpenAIConfiguration(baseURL: try APIBaseURL("http://127.0.0.1:\(port)"))
        #expect(
            try await message(api)
                == "the API at 127.0.0.1:\(port) cannot be reached: connection refused; start it, or check --base-url and the network"
        )
        let unknown = OpenAIConfiguration(baseURL: try APIBaseURL("http://no-such-host.invalid/v1"))
        #expect(
            try await message(unknown)?.hasPrefix(
                "the API at no-such-host.invalid cannot be reached: the name of its host is not known;") == true)
    }

    @Test func `an API that accepts connections and says nothing, or nonsense`() async throws {
        let silent = try await message(.silence) { $0.timeouts.answer = .milliseconds(300) }
        #expect(silent?.hasPrefix("the API at 127.0.0.1 cannot be reached: it does not answer in time;") == true)
        let cut = try await message(.cut)
        #expect(cut?.contains("it closed the connection before it had answered") == true)
    }

    @Test func `a key that is wrong, or missing`() async throws {
        let no = HTTPTestAnswer.json(#"{"error":{"message":"Incorrect API key: sk-secret"}}"#, status: 401)
        #expect(
            try await message(no, key: "sk-secret")
                == "the API at 127.0.0.1 refuses the key: Incorrect API key: <key>; check MILLRACE_OPENAI_API_KEY and OPENAI_API_KEY"
        )
        #expect(
            try await message(no)
                == "the API at 127.0.0.1 wants a key: Incorrect API key: sk-secret; set MILLRACE_OPENAI_API_KEY")
        #expect(
            try await message(OpenAIConfiguration())
                == "the API at api.openai.com wants a key; set OPENAI_API_KEY or MILLRACE_OPENAI_API_KEY")
    }

    @Test func `a key that is good for transcriptions alone is good`() async throws {
        let answer = HTTPTestAnswer.json(
            #"{"error":{"message":"You have insufficient permissions. Missing scopes: api.model.read."}}"#, status: 403)
        #expect(try await message(answer, key: "sk-1") == nil)
    }

    @Test func `an API behind something that waits for it, and one that has moved`() async throws {
        #expect(
            try await message(HTTPTestAnswer(status: 502))
                == "the API at 127.0.0.1 is not ready (502); start what is behind it, or wait")
        #expect(
            try await message(HTTPTestAnswer(status: 308, headers: [("location", "https://example.com")]))
                == "the API at 127.0.0.1 is elsewhere (308); give the final address as --base-url")
    }

    @Test func `a certificate that nobody knows`() async throws {
        try await HTTPTestServer.withTLS { _ in
            .json("{}")
        } body: { server in
            let api = OpenAIConfiguration(baseURL: try APIBaseURL(server.url))
            #expect(try await message(api)?.contains("its certificate is not trusted here") == true)
        }
    }

    @Test func `where HTTP/2 is offered all chunks go over one connection`() async throws {
        try await HTTPTestServer.withTLS { request in
            request.method == "GET" ? .json("{}") : SpeechAPI.answer
        } body: { server in
            let api = OpenAIConfiguration(baseURL: try APIBaseURL(server.url), concurrency: 8)
            var configuration = OpenAITranscriber.clientConfiguration(for: api)
            configuration.tlsConfiguration = .makeClientConfiguration()
            configuration.tlsConfiguration?.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.certificate.utf8)))
            try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                let transcriber = try OpenAITranscriber(api, client: client, logger: .quiet)
                try await transcriber.check()
                try await withThrowingTaskGroup(of: ChunkResult.self) { group in
                    for _ in 0..<20 {
                        group.addTask { [transcriber] in
                            try await transcriber.transcribe(
                                SpeechAPI.sound, recipe: Recipe(engine: transcriber.identity))
                        }
                    }
                    for try await result in group { #expect(result.segments.count == 1) }
                }
            }
            #expect(server.record.requests == 21)
            #expect(server.record.streams == 21)
            #expect(server.record.connections == 1)
        }
    }
}
