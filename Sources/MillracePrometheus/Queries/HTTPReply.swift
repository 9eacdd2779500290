internal import AsyncHTTPClient
internal import Foundation
internal import MillraceHTTP
internal import NIOCore
internal import NIOHTTP1

/// An answer, whatever its status.
struct HTTPReply: Sendable {
    let status: Int
    let body: Data

    /// Sends a request, and waits for the whole answer, of no more than so many bytes.
    static func to(
        _ request: HTTPClientRequest, by http: HTTPClient, within time: Duration, limit: Int
    ) async -> Result<HTTPReply, RequestFailure> {
        await .of({ await exchange(request, http, limit) }, before: { try await Task.sleep(for: time) })
    }

    private static func exchange(
        _ request: HTTPClientRequest, _ http: HTTPClient, _ limit: Int
    ) async -> Result<HTTPReply, RequestFailure> {
        do {
            let response = try await http.execute(request, deadline: .distantFuture)
            var body = Data()
            for try await part in response.body {
                guard body.count + part.readableBytes <= limit else { return .failure(.tooLarge(limit)) }
                body += part.readableBytesView
            }
            return .success(HTTPReply(status: Int(response.status.code), body: body))
        } catch {
            return .failure(RequestFailure(error))
        }
    }
}
