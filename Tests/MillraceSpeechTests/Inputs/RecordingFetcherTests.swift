import Foundation
import InMemoryTracing
import MillraceCore
import Synchronization
import TestServers
import Testing
import Tracing

@testable import MillraceSpeech

@Suite struct RecordingFetcherTests {
    let folder: TemporaryFolder
    private let sound = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 251) })

    init() throws {
        folder = try TemporaryFolder()
    }

    private var quick: RecordingFetcher { RecordingFetcher(pause: .milliseconds(1)) }

    private func failure(
        _ url: String, _ fetcher: RecordingFetcher? = nil
    ) async throws -> TranscriptionError? {
        let url = try RecordingURL(url)
        do throws(TranscriptionError) {
            _ = try await (fetcher ?? quick).fetch(url, into: folder.path)
            return nil
        } catch {
            #expect(!error.message.contains("secret"), "\(error.message)")
            #expect(!error.message.contains("\n"))
            return error
        }
    }

    @Test(arguments: [true, false])
    func `writes what comes to a private file, and hashes it on the way`(hasLength: Bool) async throws {
        try await HTTPTestServer.with { [sound] request in
            #expect(request.path == "/a.wav?token=secret")
            #expect(request.header("accept-encoding") == "identity")
            return HTTPTestAnswer(body: sound, hasLength: hasLength)
        } body: { server in
            var spool: SpoolFile? = try await quick.fetch(
                RecordingURL(server.url + "/a.wav?token=secret#x"), into: folder.path)
            let path = try #require(spool?.path)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(sound))
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            #expect(spool?.contentHash() == ContentHash(of: sound))
            spool = nil
            #expect(try folder.names() == [])
        }
    }

    @Test func `shows no address in a trace`() async throws {
        let tracer = InMemoryTracer()
        try await HTTPTestServer.with { [sound] request in
            #expect(request.header(InMemoryTracer.traceIDKey) == nil)
            return HTTPTestAnswer(body: sound)
        } body: { server in
            try await withTracer(tracer) {
                try await withSpan("plan") { _ in
                    _ = try await quick.fetch(RecordingURL(server.url + "/a.wav?token=secret"), into: folder.path)
                }
            }
        }
        #expect(tracer.finishedSpans.map(\.operationName) == ["plan"])
    }

    @Test func `follows redirects, absolute and relative, to an end`() async throws {
        try await HTTPTestServer.with { [sound] request in
            switch request.path {
            case "/0": HTTPTestAnswer(status: 302, headers: [("location", "1?token=secret")])
            case "/1?token=secret":
                HTTPTestAnswer(status: 307, headers: [("location", "http://\(request.header("host") ?? "")/a")])
            case "/a": HTTPTestAnswer(body: sound)
            case "/file": HTTPTestAnswer(status: 301, headers: [("location", "file:///etc/passwd")])
            case "/user": HTTPTestAnswer(status: 301, headers: [("location", "http://ada:secret@127.0.0.1/")])
            case "/nowhere": HTTPTestAnswer(status: 301)
            default: HTTPTestAnswer(status: 302, headers: [("location", "/loop")])
            }
        } body: { server in
            #expect(try await quick.fetch(RecordingURL(server.url + "/0"), into: folder.path).size == 3_000_000)
            for path in ["/file", "/user", "/nowhere"] {
                let error = try await failure(server.url + path)
                #expect(error?.code == .withdrawn)
                #expect(error?.message.contains("is redirected to what is no web address") == true)
            }
            let before = server.record.requests
            let error = try await failure(server.url + "/loop?token=secret")
            #expect(error?.code == .withdrawn)
            #expect(error?.message == "\(server.url)/loop: is redirected more than 5 times; check the address")
            #expect(server.record.requests == before + 6)
        }
        #expect(try RecordingURL("https://a.org/x").redirected(to: "http://a.org/x") == nil)
        #expect(try RecordingURL("http://a.org/x").redirected(to: "//b.org/y#z")?.text == "http://b.org/y")
    }

    @Test(arguments: [401, 403, 404, 410, 204, 206])
    func `takes a server at its word that says no`(status: Int) async throws {
        try await HTTPTestServer.with { _ in
            HTTPTestAnswer(status: status, body: Array("secret".utf8))
        } body: { server in
            let error = try await failure(server.url + "/a.wav?token=secret")
            #expect(error?.code == .withdrawn && error?.isRetryable == false)
            #expect(error?.message.hasPrefix("\(server.url)/a.wav: the server answers \(status) ") == true)
            #expect(server.record.requests == 1)
        }
    }

    @Test(arguments: [429, 500, 503])
    func `tries again what may pass, three times in all`(status: Int) async throws {
        try await HTTPTestServer.with { _ in
            HTTPTestAnswer(status: status)
        } body: { server in
            let error = try await failure(server.url + "/a.wav")
            #expect(error?.isRetryable == true)
            #expect(error?.message.contains("the server answers \(status)") == true)
            #expect(server.record.requests == 3)
        }
        #expect(try folder.names() == [])
    }

    @Test func `a connection that is cut half-way is tried again from the beginning`() async throws {
        let tries = Mutex(0)
        try await HTTPTestServer.with { [sound] _ in
            let number = tries.withLock { tries in
                tries += 1
                return tries
            }
            return HTTPTestAnswer(body: sound, ending: number < 3 ? .cut(after: 1_500_000) : .whole)
        } body: { server in
            let spool = try await quick.fetch(RecordingURL(server.url + "/a.wav"), into: folder.path)
            #expect(spool.contentHash() == ContentHash(of: sound))
            #expect(tries.withLock { $0 } == 3)
        }
    }

    @Test(arguments: [true, false])
    func `a connection that is always cut is refused`(hasLength: Bool) async throws {
        try await HTTPTestServer.with { [sound] _ in
            HTTPTestAnswer(body: sound, hasLength: hasLength, ending: .cut(after: 1_500_000))
        } body: { server in
            let error = try await failure(server.url + "/a.wav")
            #expect(error?.isRetryable == true)
            #expect(error?.message == "\(server.url)/a.wav: the connection was cut; try again later")
            #expect(server.record.requests == 3)
        }
        #expect(try folder.names() == [])
    }

    @Test func `a server that says nothing is given up`() async throws {
        try await HTTPTestServer.with { _ in
            .silence
        } body: { server in
            let fetcher = RecordingFetcher(idleTimeout: .seconds(2), attempts: 2, pause: .milliseconds(1))
            let error = try await failure(server.url + "/a.wav", fetcher)
            #expect(error?.message.contains("said nothing for") == true, "\(error?.message ?? "")")
            #expect(server.record.requests == 2)
        }
    }

    @Test func `an unreachable server and an unknown host are one line, at once`() async throws {
        let port = try await HTTPTestServer.with { _ in
            .silence
        } body: {
            $0.port
        }
        for host in ["127.0.0.1:\(port)", "no-such-host.invalid"] {
            let error = try await failure("http://\(host)/a.wav?token=secret")
            #expect(
                error?.message
                    == "http://\(host)/a.wav: the server cannot be reached; check the address and the network")
        }
    }

    @Test func `a certificate that nobody vouches for is refused`() async throws {
        try await HTTPTestServer.withTLS { _ in
            HTTPTestAnswer(body: [1])
        } body: { server in
            let error = try await failure(server.url + "/a.wav")
            #expect(error?.message.contains("certificate is not trusted") == true, "\(error?.message ?? "")")
            #expect(server.record.requests == 0)
        }
    }

    @Test(arguments: [true, false])
    func `what is too large is refused, announced or not`(hasLength: Bool) async throws {
        try await HTTPTestServer.with { [sound] _ in
            HTTPTestAnswer(body: sound, hasLength: hasLength)
        } body: { server in
            let fetcher = RecordingFetcher(pause: .milliseconds(1), sizeLimit: 2_000_000)
            let error = try await failure(server.url + "/a.wav", fetcher)
            #expect(error?.code == .withdrawn && error?.message.contains("is larger than") == true)
            #expect(server.record.requests == 1)
        }
        #expect(try folder.names() == [])
    }

    @Test func `an answer without a body is refused`() async throws {
        try await HTTPTestServer.with { _ in
            HTTPTestAnswer()
        } body: { server in
            let error = try await failure(server.url)
            #expect(error?.code == .withdrawn && error?.message.contains("sent nothing") == true)
        }
    }

    @Test func `a cancelled task ends it, and nothing is left`() async throws {
        try await HTTPTestServer.with { _ in
            .silence
        } body: { server in
            let error = try await withThrowingTaskGroup(of: TranscriptionError?.self) { group in
                group.addTask { try await failure(server.url + "/a.wav") }
                await eventually { server.record.requests == 1 }
                group.cancelAll()
                return try await group.next() ?? nil
            }
            #expect(error?.code == .cancelled)
        }
        #expect(try folder.names() == [])
    }
}
