internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Why a request over HTTP got no answer.
package enum RequestFailure: Error, Hashable, Sendable {
    /// The task was cancelled.
    case cancelled
    /// Nobody answered in time.
    case timedOut
    /// There is no connection.
    case unreachable(String)
    /// The connection ended before the answer did.
    case cut
    /// The answer is larger than is taken, in bytes.
    case tooLarge(Int)
    /// What came is no HTTP.
    case garbled

    /// Reads what the HTTP client throws.
    package init(_ error: any Error) {
        self =
            switch error {
            case let error as RequestFailure: error
            case is CancellationError: .cancelled
            case let error as HTTPClientError: Self.reading(error)
            case let error as NIOConnectionError: .unreachable(Self.reason(error))
            case let error as IOError: Self.reading(error)
            case ChannelError.connectTimeout: .unreachable("no connection in time")
            case is ChannelError, HTTPParserError.invalidEOFState: .cut
            default: Self.reading(text: "\(error)")
            }
    }

    /// What to say of it.
    package var reason: String {
        switch self {
        case .cancelled: "the request was called off"
        case .timedOut: "it does not answer in time"
        case .unreachable(let reason): reason
        case .cut: "it closed the connection before it had answered"
        case .tooLarge(let limit): "its answer is larger than \(limit / 1_000_000) MB"
        case .garbled: "what it answers is not HTTP"
        }
    }

    private static func reading(_ error: HTTPClientError) -> RequestFailure {
        switch error {
        case .cancelled: .cancelled
        case .readTimeout, .writeTimeout, .deadlineExceeded: .timedOut
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout: .unreachable("no connection in time")
        case .remoteConnectionClosed, .uncleanShutdown, .requestStreamCancelled: .cut
        default: .unreachable(error.shortDescription.lowercased())
        }
    }

    private static func reading(_ error: IOError) -> RequestFailure {
        switch error.errnoCode {
        case ECONNRESET, EPIPE: .cut
        default: .unreachable(reason(error))
        }
    }

    private static func reading(text: String) -> RequestFailure {
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return .unreachable("its certificate is not trusted here") }
        if text.contains("SSL") { return .unreachable("it does not speak TLS as is needed") }
        if text.contains("StreamClosed") || text.contains("StreamError") { return .cut }
        return .garbled
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first {
            return (failure.error as? IOError).map(reason) ?? "no connection in time"
        }
        return error.dnsAError != nil || error.dnsAAAAError != nil
            ? "the name of its host is not known" : "there is no connection"
    }

    private static func reason(_ error: IOError) -> String {
        String(cString: strerror(error.errnoCode)).lowercased()
    }
}
