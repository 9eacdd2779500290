import AsyncHTTPClient
import Foundation
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("Requests of remote write")
struct HTTPTransportTests {
    @Test("are sent as the protocol says, with who asks and what was configured")
    func request() async throws {
        let seen = Mutex<[HTTPTestRequest]>([])
        try await HTTPTestServer.with { request in
            seen.withLock { $0.append(request) }
            return HTTPTestAnswer(status: 204)
        } body: { server in
            let url = server.url.replacing("http://", with: "http://ann:p%40ss@") + "/prom?write_path=/push"
            let environment = ["MILLRACE_PROMETHEUS_HEADERS": "X-Scope-OrgID=one"]
            try await Self.with(url, environment) { transport in
                #expect(await transport.post([1, 2, 3], attempt: 0)?.answer == .taken)
                #expect(await transport.post([1, 2, 3], attempt: 7)?.status == 204)
            }
        }
        let requests = seen.withLock(\.self)
        for request in requests {
            #expect(request.method == "POST" && request.path == "/prom/push" && request.body == [1, 2, 3])
            #expect(request.header("content-encoding") == "snappy")
            #expect(request.header("content-type") == "application/x-protobuf")
            #expect(request.header("x-prometheus-remote-write-version") == "0.1.0")
            #expect(request.header("user-agent")?.wholeMatch(of: #/millrace/\d+\.\d+\.\d+\S*/#) != nil)
            #expect(request.header("authorization") == "Basic " + Data("ann:p@ss".utf8).base64EncodedString())
            #expect(request.header("x-scope-orgid") == "one")
        }
        #expect(requests.map { $0.header("retry-attempt") } == [nil, "7"])
        #expect(Set(requests.map(\.connection)) == [1], "the connection is used again")
    }

    @Test("keep the beginning of what a refusal says, and count its status whether or not the rest comes")
    func refusal() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
        for ending in [HTTPTestAnswer.Ending.whole, .cut(after: 1_000), .stall(after: 1_000)] {
            try await HTTPTestServer.with { _ in
                HTTPTestAnswer(status: 400, body: body, ending: ending)
            } body: { server in
                try await Self.with(server.url + "?timeout=10s") { transport in
                    let reply = await transport.post([], attempt: 0)
                    #expect(reply?.answer == .rejected && reply?.status == 400)
                    #expect((reply?.text.utf8.count ?? .max) <= 1_024)
                }
            }
        }
    }

    @Test("follow no redirect, so that nobody else is told the password")
    func redirect() async throws {
        let other = HTTPTestAnswer(status: 204)
        try await HTTPTestServer.with { _ in
            other
        } body: { elsewhere in
            let moved = HTTPTestAnswer(status: 307, headers: [("location", elsewhere.url)])
            try await HTTPTestServer.with { _ in
                moved
            } body: { server in
                try await Self.with(server.url) { transport in
                    #expect(await transport.post([], attempt: 0)?.answer == .rejected)
                }
            }
            #expect(elsewhere.record.requests == 0)
        }
    }

    @Test("fail, to be repeated, when nothing is answered in time, or the connection ends, or nobody is there")
    func failures() async throws {
        let port = Mutex(0)
        for (answer, options, text) in [
            (HTTPTestAnswer.silence, "?timeout=300ms", "it does not answer in time"),
            (.cut, "", "it closed the connection"),
        ] {
            try await HTTPTestServer.with { _ in
                answer
            } body: { server in
                port.withLock { $0 = server.port }
                try await Self.with(server.url + options) { transport in
                    let reply = await transport.post([], attempt: 0)
                    #expect(reply?.answer == .failed(nil) && reply?.status == nil)
                    #expect(reply?.text.hasPrefix(text) == true)
                }
            }
        }
        try await Self.with("http://127.0.0.1:\(port.withLock(\.self))") { transport in
            let reply = await transport.post([], attempt: 0)
            #expect(reply?.answer == .unreachable && reply?.text == "connection refused")
        }
    }

    @Test("go over TLS to who is trusted by the file that is named, and to nobody else")
    func tls() async throws {
        let path = NSTemporaryDirectory() + "millrace-ca-\(UUID().uuidString).pem"
        try Data(TestCertificate.certificate.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await HTTPTestServer.withTLS { _ in
            HTTPTestAnswer(status: 204)
        } body: { server in
            try await Self.with(server.url + "?tls_ca=\(path)") { transport in
                #expect(await transport.post([1], attempt: 0)?.answer == .taken)
            }
            try await Self.with(server.url) { transport in
                let reply = await transport.post([1], attempt: 0)
                #expect(reply?.answer == .unreachable && reply?.text == "its certificate is not trusted here")
            }
        }
        #expect(throws: InvalidValue.self) {
            try PrometheusEndpoint.clientConfiguration(
                for: PrometheusEndpoint("https://localhost?tls_ca=/does/not/exist.pem", environment: [:]))
        }
    }

    @Test("say nothing when the task is cancelled")
    func cancelled() async throws {
        try await HTTPTestServer.with { _ in
            .silence
        } body: { server in
            try await Self.with(server.url) { transport in
                let task = Task { await transport.post([1], attempt: 0)?.status }
                await eventually { server.record.requests == 1 }
                task.cancel()
                #expect(await task.value == nil)
            }
        }
    }

    private static func with(
        _ url: String, _ environment: [String: String] = [:], _ body: (HTTPTransport) async throws -> Void
    ) async throws {
        let endpoint = try PrometheusEndpoint(url, environment: environment)
        let configuration = try RemoteWriteConfiguration(endpoint)
        let client = try PrometheusEndpoint.clientConfiguration(for: endpoint)
        try await HTTPClient.withHTTPClient(configuration: client) { client in
            try await body(HTTPTransport(configuration, client: client, clock: ManualClock()))
        }
    }
}
