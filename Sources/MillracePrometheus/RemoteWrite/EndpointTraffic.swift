/// How many requests of all shards an endpoint has taken, and failed on.
struct EndpointTraffic: Equatable, Sendable {
    /// Requests that were taken.
    private(set) var taken = 0
    /// Requests that failed, but not for good: 5xx, no answer in time, none at all.
    private(set) var failed = 0

    /// Notes an answer.
    mutating func note(_ answer: RemoteWriteAnswer) {
        switch answer {
        case .taken: taken += 1
        case .failed: failed += 1
        // The one says nothing of the endpoint, the others nothing of what was sent.
        case .rejected, .limited, .unreachable: break
        }
    }

    /// The same without some of the failures.
    func without(failures: Int) -> EndpointTraffic {
        var rest = self
        rest.failed -= failures
        return rest
    }
}
