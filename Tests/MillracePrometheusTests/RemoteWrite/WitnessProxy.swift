import AsyncHTTPClient
import MillracePrometheus
import NIOCore
import NIOHTTP1
import Synchronization
import TestServers

/// Stands between a sender and a Prometheus, hands on what comes and notes it as it went over the wire.
struct WitnessProxy {
    /// A request and what the server said to it.
    struct Exchange: Sendable {
        var request: HTTPTestRequest
        var status: Int
        var answer: String
    }

    /// Leads to the proxy.
    let url: String
    private let exchanges: ExchangeList

    /// What went through so far, in the order of the answers.
    var seen: [Exchange] { exchanges.all.withLock { $0 } }

    private final class ExchangeList: Sendable {
        let all = Mutex<[Exchange]>([])
    }

    /// Stands before a server while `body` runs.
    static func with<Value: Sendable>(
        _ server: PrometheusServer, _ body: @Sendable (WitnessProxy) async throws -> Value
    ) async throws -> Value {
        let exchanges = ExchangeList()
        return try await HTTPTestServer.with(
            { request in
                do {
                    let exchange = try await forward(request, to: server)
                    exchanges.all.withLock { $0.append(exchange) }
                    return HTTPTestAnswer(status: exchange.status, body: Array(exchange.answer.utf8))
                } catch {
                    exchanges.all.withLock { $0.append(Exchange(request: request, status: 0, answer: "\(error)")) }
                    return .cut
                }
            }, body: { proxy in try await body(WitnessProxy(url: proxy.url, exchanges: exchanges)) })
    }

    private static func forward(_ request: HTTPTestRequest, to server: PrometheusServer) async throws -> Exchange {
        var copy = HTTPClientRequest(url: server.url() + request.path)
        copy.method = HTTPMethod(rawValue: request.method)
        for name in ["content-encoding", "content-type", "user-agent", "x-prometheus-remote-write-version"] {
            if let value = request.header(name) { copy.headers.add(name: name, value: value) }
        }
        copy.body = .bytes(request.body)
        let response = try await HTTPClient.shared.execute(copy, timeout: .minutes(2))
        let answer = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return Exchange(request: request, status: Int(response.status.code), answer: answer)
    }
}
