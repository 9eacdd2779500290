internal import AsyncHTTPClient
internal import MillraceCore
internal import MillraceHTTP
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Posts requests of remote write 1.0 to one endpoint.
struct HTTPTransport: Sendable {
    /// What came back.
    struct Reply: Sendable {
        /// What it means.
        let answer: RemoteWriteAnswer
        /// The status; `nil` when there was none.
        let status: Int?
        /// The beginning of the answer's text, or why there is none.
        let text: String
    }

    /// No more of an answer is read, in bytes.
    static let textLimit = 1_024

    private let client: HTTPClient
    private let endpoint: PrometheusEndpoint
    private let headers: HTTPHeaders
    private let clock: any WallClock

    init(_ configuration: RemoteWriteConfiguration, client: HTTPClient, clock: any WallClock) {
        self.client = client
        self.clock = clock
        endpoint = configuration.endpoint
        var headers = HTTPHeaders([
            ("content-encoding", "snappy"), ("content-type", "application/x-protobuf"),
            ("user-agent", configuration.userAgent), ("x-prometheus-remote-write-version", "0.1.0"),
        ])
        for header in configuration.endpoint.headers { headers.add(name: header.name, value: header.value) }
        self.headers = headers
    }

    /// Sends a compressed body, and waits for the answer for as long as the endpoint may take.
    ///
    /// `attempt` counts from 0; each further one tells its number by the header that Prometheus has for it.
    ///
    /// - Returns: `nil` when the task was cancelled.
    func post(_ body: [UInt8], attempt: Int) async -> Reply? {
        var request = HTTPClientRequest(url: endpoint.url(endpoint.writePath))
        request.method = .POST
        request.headers = headers
        if attempt > 0 { request.headers.add(name: "retry-attempt", value: "\(attempt)") }
        request.body = .bytes(body)
        let progress = Progress()
        let outcome = await withTaskGroup(of: RequestFailure?.self) { [request] group in
            group.addTask { await exchange(request, progress) }
            group.addTask {
                try? await Task.sleep(for: endpoint.timeout)
                return .timedOut
            }
            let first = await group.next() ?? RequestFailure.cancelled
            group.cancelAll()
            return first
        }
        // Once there is a status it counts, whatever becomes of the text.
        if let reply = progress.reply.withLock({ $0 }) { return reply }
        if Task.isCancelled { return nil }
        switch outcome {
        case nil, .cancelled: return nil
        case .unreachable(let reason): return Reply(answer: .unreachable, status: nil, text: reason)
        case .some(let failure): return Reply(answer: .failed(nil), status: nil, text: failure.reason)
        }
    }

    /// What has come of an answer so far.
    private final class Progress: Sendable {
        let reply = Mutex<Reply?>(nil)
    }

    private func exchange(_ request: HTTPClientRequest, _ progress: Progress) async -> RequestFailure? {
        do {
            let response = try await client.execute(request, deadline: .distantFuture)
            let status = Int(response.status.code)
            let pause = RetryAfter.delay(
                response.headers.first(name: "retry-after"), date: response.headers.first(name: "date"),
                at: clock.now())
            let answer = RemoteWriteAnswer(status: status, pause: pause)
            progress.reply.withLock { $0 = Reply(answer: answer, status: status, text: "") }
            // Read in any case, so that the connection can be used again.
            let text = try await Self.beginning(of: response.body)
            progress.reply.withLock { $0 = Reply(answer: answer, status: status, text: text) }
            return nil
        } catch {
            return RequestFailure(error)
        }
    }

    private static func beginning(of body: HTTPClientResponse.Body) async throws -> String {
        var bytes: [UInt8] = []
        for try await part in body {
            bytes += part.readableBytesView.prefix(textLimit - bytes.count)
            if bytes.count >= textLimit { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
