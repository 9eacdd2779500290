/// How the requests to an API have fared.
public struct APITraffic: Sendable, Hashable {
    /// Requests that ended, in whatever way.
    public private(set) var requests = 0
    /// Those refused because there were too many.
    public private(set) var refused = 0
    /// Those that the API failed to answer: time-outs, cut connections, statuses from 500 on.
    public private(set) var faults = 0
    /// How often a request was held back for a time.
    public private(set) var waits = 0
    /// For how long in all; waits side by side count one by one.
    public private(set) var waited = Duration.zero

    /// No traffic yet.
    public init() {}

    mutating func count(_ outcome: RequestPace.Outcome) {
        requests += 1
        switch outcome {
        case .success, .neutral: break
        case .limited: refused += 1
        case .fault: faults += 1
        }
    }

    mutating func waits(for duration: Duration) {
        waits += 1
        waited += duration
    }
}
