/// What an endpoint did with a request, as far as it matters for what is done next.
enum RemoteWriteAnswer: Equatable, Sendable {
    /// It took all of it (2xx).
    case taken
    /// It will never take it (4xx but 429, 3xx).
    case rejected
    /// It is asked too much (429), and wants to be left alone so long.
    case limited(Duration?)
    /// It failed on it (5xx), or answered not at all, and wants to be left alone so long.
    case failed(Duration?)
    /// The request did not reach it.
    case unreachable

    /// What a status means.
    init(status: Int, pause: Duration?) {
        self =
            switch status {
            case 200..<300: .taken
            case 429: .limited(pause)
            case 500...: .failed(pause)
            default: .rejected
            }
    }
}
