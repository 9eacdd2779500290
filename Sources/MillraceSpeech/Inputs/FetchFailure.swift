internal import AsyncHTTPClient
internal import MillraceCore
internal import MillraceHTTP
internal import NIOCore
internal import NIOHTTP1

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Why a recording could not be fetched.
enum FetchFailure: Error {
    /// The server said so.
    case status(HTTPResponseStatus)
    /// The connection ended before everything had come.
    case cut(after: Int64, of: Int64)
    /// It takes longer than it may.
    case tooSlow
    /// It is larger than any that is taken in.
    case tooLarge
    /// The server sent nothing at all.
    case empty
    /// One redirect leads to the next.
    case endlessRedirects
    /// A redirect leads to where nothing is fetched from.
    case astray

    /// Puts any failure of a fetch into one line, without query, headers or the server's words.
    static func describe(
        _ error: any Error, of url: RecordingURL, fetcher: RecordingFetcher
    ) -> TranscriptionError {
        func failure(
            _ reason: String, code: TranscriptionError.Code = .unreadable, isRetryable: Bool
        ) -> TranscriptionError {
            TranscriptionError(code, "\(url.shown): \(reason)", isRetryable: isRetryable, cause: error)
        }
        switch error {
        case let error as TranscriptionError:
            return error
        case FetchFailure.status(let status):
            let isPassing = [408, 425, 429, 500, 502, 503, 504].contains(status.code)
            return failure(
                "the server answers \(status.code) \(status.standardReason); "
                    + (isPassing ? "try again later" : "check the address and who may read it"),
                code: isPassing ? .unreadable : .withdrawn, isRetryable: isPassing)
        case FetchFailure.cut(let size, let promised):
            return failure(
                "the connection was cut after \(size) of \(promised) bytes; try again later", isRetryable: true)
        case FetchFailure.tooSlow:
            return failure("does not come within \(fetcher.totalTimeout); try again later", isRetryable: true)
        case FetchFailure.tooLarge:
            return failure(
                "is larger than the \(fetcher.sizeLimit / 1_000_000_000) GB that are taken in; cut it into parts",
                code: .withdrawn, isRetryable: false)
        case FetchFailure.empty:
            return failure("the server sent nothing; check the address", code: .withdrawn, isRetryable: false)
        case FetchFailure.endlessRedirects:
            return failure(
                "is redirected more than \(fetcher.redirects) times; check the address", code: .withdrawn,
                isRetryable: false)
        case FetchFailure.astray:
            return failure(
                "is redirected to what is no web address, or from https to http; check the address", code: .withdrawn,
                isRetryable: false)
        case let error as HTTPClientError where [.connectTimeout, .getConnectionFromPoolTimeout].contains(error):
            return failure(
                "the server does not answer within \(fetcher.connectTimeout); check the address and the network",
                isRetryable: true)
        case let error as HTTPClientError where [.readTimeout, .deadlineExceeded].contains(error):
            return failure("the server said nothing for \(fetcher.idleTimeout); try again later", isRetryable: true)
        case let error as HTTPClientError where [.remoteConnectionClosed, .uncleanShutdown].contains(error):
            return failure("the connection was cut; try again later", isRetryable: true)
        case is HTTPParserError, is ChannelError:
            return failure("the connection was cut; try again later", isRetryable: true)
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode):
            return failure("the connection was cut; try again later", isRetryable: true)
        default:
            let words = String(describing: error)
            if words.contains("CERTIFICATE_VERIFY_FAILED") {
                return failure("the server's certificate is not trusted; check the address", isRetryable: false)
            }
            if words.contains("SSL") || words.contains("TLS") || words.contains("handshake") {
                return failure("no secure connection can be made; check the address", isRetryable: false)
            }
            return failure("the server cannot be reached; check the address and the network", isRetryable: false)
        }
    }
}

extension HTTPResponseStatus {
    /// The reason of the standard, not that of the server, which may hold anything.
    fileprivate var standardReason: String { HTTPResponseStatus(statusCode: Int(code)).reasonPhrase }
}

extension HTTPMetrics {
    /// Measures a try that brought no recording.
    func note(_ error: any Error, in duration: Duration) {
        switch error {
        case FetchFailure.status(let status): note(.recording, status: Int(status.code), in: duration)
        case FetchFailure.endlessRedirects, FetchFailure.astray: note(.recording, status: 302, in: duration)
        case FetchFailure.cut, FetchFailure.empty: note(.recording, .cut, in: duration)
        case FetchFailure.tooLarge: note(.recording, .tooLarge(Int(SpoolFile.sizeLimit)), in: duration)
        case FetchFailure.tooSlow: note(.recording, .timedOut, in: duration)
        // The disk is full: the server is not to blame.
        case is TranscriptionError: note(.recording, status: 200, in: duration)
        default: note(.recording, Task.isCancelled ? .cancelled : RequestFailure(error), in: duration)
        }
    }
}
