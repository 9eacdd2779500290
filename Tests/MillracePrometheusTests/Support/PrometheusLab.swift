import AsyncHTTPClient
import Foundation
import MillraceCore
import MillracePrometheus
import NIOCore
import NIOHTTP1
import TestServers
import Testing

/// A real Prometheus with a client, and a way to write to it at once.
struct PrometheusLab: Sendable {
    let client: PrometheusClient
    private let http: HTTPClient
    private let writeURL: String

    /// Works with the server that tests share, with metrics of the test's own; or with another.
    static func with<Value: Sendable>(
        _ server: PrometheusServer? = nil, _ body: (PrometheusLab) async throws -> Value
    ) async throws -> Value {
        let server = if let server { server } else { try await PrometheusServer.shared }
        // With time for a machine that is busy.
        let url = server.url() + (server.isSecure ? "&" : "?") + "timeout=120s&connect_timeout=60s"
        let endpoint = try PrometheusEndpoint(url, environment: [:])
        let configuration = try PrometheusEndpoint.clientConfiguration(for: endpoint)
        return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
            let writeURL = "http://127.0.0.1:\(server.port)\(endpoint.writePath)"
            return try await body(
                PrometheusLab(client: PrometheusClient(endpoint, http: http), http: http, writeURL: writeURL))
        }
    }

    /// A time of whole seconds, lately.
    static var now: Timestamp {
        Timestamp(microseconds: SystemWallClock().now().microseconds / 1_000_000 * 1_000_000)
    }

    /// Has the server store samples, in one request; those of a series oldest first.
    func write(_ samples: [MetricSample]) async throws {
        var encoder = SeriesEncoder()
        for sample in samples { encoder.append(sample) }
        try await write(body: encoder.take())
    }

    /// Has the server store what was encoded.
    func write(body: [UInt8]) async throws {
        var request = HTTPClientRequest(url: writeURL)
        request.method = .POST
        request.headers.add(name: "content-encoding", value: "snappy")
        request.headers.add(name: "content-type", value: "application/x-protobuf")
        request.headers.add(name: "x-prometheus-remote-write-version", value: "0.1.0")
        request.body = .bytes(ByteBuffer(bytes: SnappyBlock.compress(body)))
        let response = try await http.execute(request, timeout: .seconds(120))
        let said = try await response.body.collect(upTo: 65_536)
        try #require(response.status.code / 100 == 2, "\(response.status): \(String(buffer: said))")
    }
}

/// The name of a metric that no other test has.
func ownMetric(_ ending: String = "") throws -> MetricName {
    try MetricName("test_\(UUID().uuidString.filter { $0 != "-" }.lowercased())\(ending)")
}

/// The error of the store that something throws, which it must.
func storeError(
    _ body: () async throws -> some Sendable, sourceLocation: SourceLocation = #_sourceLocation
) async -> StoreError? {
    await #expect(throws: StoreError.self, sourceLocation: sourceLocation) { _ = try await body() }
}
