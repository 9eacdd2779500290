internal import AsyncHTTPClient
internal import Foundation
internal import MillraceCore
internal import MillraceHTTP
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Sends requests to one API, each within its time, and takes no answer that is larger than it may be.
struct APIClient: Sendable {
    /// An answer, whatever its status.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: Data

        /// Whether the status is one of success.
        var isGood: Bool { (200..<300).contains(status) }
    }

    /// The largest answer taken, in bytes; of what is no success, no more than the beginning is read.
    static let answerLimit = 16_000_000

    let http: HTTPClient
    let key: APIKey?
    let idle: Duration
    /// `nil` when nobody measures.
    let metrics: HTTPMetrics?

    /// Asks for something.
    func get(_ url: String, within limit: Duration) async -> Result<Answer, RequestFailure> {
        await measuring(.check) { await send(request(url), within: limit) }
    }

    /// Sends a form.
    func post(_ form: TranscriptionForm, to url: String, within limit: Duration) async -> Result<Answer, RequestFailure>
    {
        var request = request(url)
        request.method = .POST
        request.headers.add(name: "content-type", value: form.contentType)
        request.body = .bytes(form.body)
        return await measuring(.transcription) { [request] in await send(request, within: limit) }
    }

    private func measuring(
        _ purpose: HTTPMetrics.Purpose, _ exchange: () async -> Result<Answer, RequestFailure>
    ) async -> Result<Answer, RequestFailure> {
        guard let metrics else { return await exchange() }
        let start = ContinuousClock.now
        let result = await exchange()
        switch result {
        case .success(let answer): metrics.note(purpose, status: answer.status, in: .now - start)
        case .failure(let failure): metrics.note(purpose, failure, in: .now - start)
        }
        return result
    }

    private func request(_ url: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: MillraceVersion.userAgent)
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key.secret)") }
        return request
    }

    // MARK: - Time

    /// When the exchange is given up: its whole time, and once the answer has begun the idle time after its last bytes.
    private final class Patience: Sendable {
        private let end: Mutex<ContinuousClock.Instant>
        private let last: ContinuousClock.Instant
        private let idle: Duration

        init(_ limit: Duration, idle: Duration) {
            last = .now + limit
            self.idle = idle
            end = Mutex(last)
        }

        func hears() {
            end.withLock { $0 = min(last, .now + idle) }
        }

        /// Waits for the end, which may come nearer meanwhile.
        func wait() async throws {
            while true {
                let rest = ContinuousClock.now.duration(to: end.withLock { $0 })
                guard rest > .zero else { return }
                try await Task.sleep(for: min(rest, idle))
            }
        }
    }

    private func send(_ request: HTTPClientRequest, within limit: Duration) async -> Result<Answer, RequestFailure> {
        let patience = Patience(limit, idle: idle)
        return await .of({ await exchange(request, patience) }, before: { try await patience.wait() })
    }

    private func exchange(_ request: HTTPClientRequest, _ patience: Patience) async -> Result<Answer, RequestFailure> {
        do {
            let response = try await http.execute(request, deadline: .distantFuture)
            patience.hears()
            let status = Int(response.status.code)
            let isGood = (200..<300).contains(status)
            let limit = isGood ? Self.answerLimit : APIErrorText.bodyLimit
            var body = Data()
            for try await part in response.body {
                patience.hears()
                body += part.readableBytesView.prefix(limit + 1 - body.count)
                guard body.count > limit else { continue }
                if isGood { return .failure(.tooLarge(limit)) }
                break
            }
            return .success(Answer(status: status, headers: response.headers, body: body))
        } catch {
            return .failure(RequestFailure(error))
        }
    }
}
