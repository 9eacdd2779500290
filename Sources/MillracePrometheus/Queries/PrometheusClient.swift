public import AsyncHTTPClient
internal import Foundation
public import MillraceCore
internal import MillraceHTTP
internal import NIOCore
internal import NIOHTTP1

/// Asks a Prometheus in PromQL, by `POST`, so that no query is too long.
///
/// Every call takes the time-out of the endpoint at most, ends when its task is cancelled, and is sent once.
public struct PrometheusClient: Sendable {
    /// The most steps of a range that a server answers at once; longer ranges are asked for in parts.
    public static let mostSteps = 11_000
    /// The most steps of a range in all.
    public static let mostStepsInAll = 50_000_000
    /// The largest answer taken, in bytes.
    private static let answerLimit = 256_000_000

    let endpoint: PrometheusEndpoint
    private let http: HTTPClient

    /// Makes a client over an HTTP client that its owner shuts down.
    ///
    /// The HTTP client should be made from ``PrometheusEndpoint/clientConfiguration(for:)``.
    public init(_ endpoint: PrometheusEndpoint, http: HTTPClient) {
        self.endpoint = endpoint
        self.http = http
    }

    /// Runs something with a client of its own, whose connections are closed on every way out.
    ///
    /// - Throws: `InvalidValue` when a file of TLS cannot be used; what `body` throws.
    public static func with<Value>(
        _ endpoint: PrometheusEndpoint, isolation: isolated (any Actor)? = #isolation,
        _ body: (PrometheusClient) async throws -> Value
    ) async throws -> Value {
        let configuration = try PrometheusEndpoint.clientConfiguration(for: endpoint)
        return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
            try await body(PrometheusClient(endpoint, http: http))
        }
    }

    /// Computes a query at a time; at the server's present for `nil`.
    ///
    /// - Throws: `StoreError`: `invalid` when the query cannot be computed, `timedOut`, `unavailable`, `cancelled`.
    public func query(_ expression: VectorExpression, at time: Timestamp? = nil) async throws(StoreError) -> QueryAnswer
    {
        var form = [("query", expression.description)]
        if let time { form.append(("time", PromQLNumber.text(time))) }
        let body = try await ask("/api/v1/query", form)
        guard let result = body.result else { throw notPrometheus() }
        return QueryAnswer(result, warnings: body.warnings)
    }

    /// Computes a query at each step of a range, in as many requests as its steps need.
    ///
    /// The times of the values are steps, to the microsecond. Series are in no order, their values are in that of time.
    ///
    /// - Throws: `StoreError`: `invalid` when the query cannot be computed or the range has too many steps, `timedOut`,
    ///   `unavailable`, `cancelled`.
    public func query(_ expression: VectorExpression, over range: TimeRange) async throws(StoreError) -> QueryAnswer {
        guard range.stepCount <= Self.mostStepsInAll else {
            throw StoreError(
                .invalid,
                "the range has \(range.stepCount) steps, and at most \(Self.mostStepsInAll) are computed; take longer ones"
            )
        }
        return try await query(expression, over: range, mostSteps: Self.mostSteps)
    }

    func query(
        _ expression: VectorExpression, over range: TimeRange, mostSteps: Int
    ) async throws(StoreError) -> QueryAnswer {
        let form = [("query", expression.description), ("step", PromQLNumber.text(range.step))]
        var answer = SplitAnswer(range)
        for part in RangeParts(range, mostSteps: mostSteps) {
            let times = [("start", PromQLNumber.text(part.first)), ("end", PromQLNumber.text(part.last))]
            let body = try await ask("/api/v1/query_range", form + times)
            guard case .matrix(let series)? = body.result else { throw notPrometheus() }
            answer.append(series, warnings: body.warnings)
        }
        return answer.whole
    }

    /// A query as the server reads and writes it.
    ///
    /// - Throws: `StoreError`: `invalid` when it is none, `timedOut`, `unavailable`, `cancelled`.
    public func formatted(_ expression: VectorExpression) async throws(StoreError) -> String {
        guard let text = try await ask("/api/v1/format_query", [("query", expression.description)]).text else {
            throw notPrometheus()
        }
        return text
    }

    // MARK: - Requests

    private func ask(_ path: String, _ form: [(String, String)]) async throws(StoreError) -> AnswerBody {
        let outcome = await send(path, form)
        switch outcome {
        case .failure(let failure): throw meaning(of: failure)
        case .success(let answer):
            let body = try? JSONDecoder().decode(AnswerBody.self, from: answer.body)
            guard answer.status == 200, let body, body.status == "success" else {
                throw PrometheusRefusal(status: answer.status, body: body, endpoint: endpoint).error
            }
            return body
        }
    }

    private func send(_ path: String, _ form: [(String, String)]) async -> Result<HTTPReply, RequestFailure> {
        var request = HTTPClientRequest(url: endpoint.url(path))
        request.method = .POST
        request.headers.add(contentsOf: HTTPHeaders(endpoint.headers))
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: MillraceVersion.userAgent)
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(ByteBuffer(string: form.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")))
        return await HTTPReply.to(request, by: http, within: endpoint.timeout, limit: Self.answerLimit)
    }

    private static func encoded(_ text: String) -> String {
        var encoded = ""
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    // MARK: - Failures

    private func meaning(of failure: RequestFailure) -> StoreError {
        switch failure {
        case .cancelled: StoreError(.cancelled, "the query was called off")
        case .timedOut:
            StoreError(.timedOut, "the Prometheus at \(endpoint.host) has not answered in time; ask for less, or later")
        case .tooLarge:
            StoreError(
                .invalid,
                "the answer of the Prometheus at \(endpoint.host) is too large; ask for fewer series or steps")
        case .unreachable, .cut, .garbled:
            StoreError(
                .unavailable,
                """
                the Prometheus at \(endpoint.host) cannot be asked: \(failure.reason); start it, or check its URL and the \
                network
                """, cause: failure)
        }
    }

    private func notPrometheus() -> StoreError {
        StoreError(.unexpected, "what the server at \(endpoint.host) answers is not as of Prometheus; check its URL")
    }
}
