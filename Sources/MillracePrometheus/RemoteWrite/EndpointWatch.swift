internal import MillraceCore
internal import Synchronization

/// What a process knows of an endpoint by the answers to all of its requests, and what of it an operator is told.
final class EndpointWatch: Sendable {
    private struct State {
        var traffic = EndpointTraffic()
        var pausedUntil: Duration?
        var isAway = false
        var lastRefusal: Duration?
    }

    private let configuration: RemoteWriteConfiguration
    private let time: MonotonicTime
    private let onWarning: @Sendable (RemoteWriteWarning) -> Void
    private let state = Mutex(State())

    init(
        _ configuration: RemoteWriteConfiguration, time: MonotonicTime,
        onWarning: @escaping @Sendable (RemoteWriteWarning) -> Void
    ) {
        self.configuration = configuration
        self.time = time
        self.onWarning = onWarning
    }

    /// Until when the endpoint wants no requests at all.
    var pausedUntil: Duration? { state.withLock { $0.pausedUntil } }

    /// Notes an answer; `failures` counts those in a row of one shard.
    ///
    /// - Returns: what the endpoint has done with all requests, this one included.
    func note(_ reply: HTTPTransport.Reply, failures: Int) -> EndpointTraffic {
        let now = time.now()
        let (traffic, isNews) = state.withLock { state in
            state.traffic.note(reply.answer)
            var isAway = state.isAway
            switch reply.answer {
            case .taken: isAway = false
            case .rejected: break
            case .limited(let pause):
                // The limit is on all that we send.
                if let pause { state.pausedUntil = now + min(pause, configuration.retry.longestPause) }
                isAway = isAway || failures >= 3
            // A single failure is nothing to be told of.
            case .failed: isAway = isAway || failures >= 3
            case .unreachable: isAway = true
            }
            let isNews = isAway && !state.isAway
            state.isAway = isAway
            return (state.traffic, isNews)
        }
        if isNews { onWarning(RemoteWriteWarning(away: explanation(of: reply))) }
        return traffic
    }

    /// Tells the operator that samples went to quarantine.
    func warn(of reply: HTTPTransport.Reply) {
        let now = time.now()
        let isNews = state.withLock { state in
            if let last = state.lastRefusal, now - last < .seconds(60) { return false }
            state.lastRefusal = now
            return true
        }
        if isNews { onWarning(RemoteWriteWarning(refused: explanation(of: reply))) }
    }

    private func explanation(of reply: HTTPTransport.Reply) -> String {
        let endpoint = configuration.endpoint
        let said = reply.text.split(whereSeparator: \.isNewline).first.map { ": \($0)" } ?? ""
        guard let status = reply.status else {
            return "\(endpoint) cannot be used\(said); see that it runs there, and that the URL is right"
        }
        let advice =
            switch status {
            case 300..<400: "it sends elsewhere, which is not followed; name that place"
            case 401, 403: "check the user and the password, or the token"
            case 404, 405:
                "see that the URL is right, and that Prometheus runs with --web.enable-remote-write-receiver"
            case 400..<500: "`millrace metrics outbox` lists what it was"
            default: "its log says why"
            }
        return "\(endpoint) answers with status \(status)\(said); \(advice)"
    }
}
