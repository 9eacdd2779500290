internal import AsyncHTTPClient
internal import Foundation
internal import MillraceCore
internal import NIOCore
internal import NIOHTTP1

/// An answer, whatever its status.
struct HTTPReply: Sendable {
    let status: Int
    let body: Data

    private enum Ending: Sendable {
        case replied(Result<HTTPReply, RequestFailure>)
        case timedOut
        case timerCancelled
    }

    /// Sends a request, and waits for the whole answer, of no more than so many bytes.
    static func to(
        _ request: HTTPClientRequest, by http: HTTPClient, within time: Duration, limit: Int
    ) async -> Result<HTTPReply, RequestFailure> {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask { await .replied(exchange(request, http, limit)) }
            group.addTask {
                do {
                    try await Task.sleep(for: time)
                    return .timedOut
                } catch {
                    return .timerCancelled
                }
            }
            var isTimedOut = false
            var result = Result<HTTPReply, RequestFailure>.failure(.cancelled)
            for await ending in group {
                switch ending {
                case .replied(let reply): result = reply
                case .timedOut: isTimedOut = true
                case .timerCancelled: break
                }
                group.cancelAll()
            }
            guard case .failure = result else { return result }
            if Task.isCancelled { return .failure(.cancelled) }
            return isTimedOut ? .failure(.timedOut) : result
        }
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
