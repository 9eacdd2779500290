internal import CoreMetrics
internal import MillraceCore
internal import MillraceHTTP
internal import Synchronization

/// What is measured of requests over HTTP.
///
/// The handles are made when they are first needed: there are many results, few of which ever come.
final class HTTPMetrics: Sendable {
    /// What a request is for.
    enum Purpose: String {
        case transcription, check, recording
    }

    private struct Kind: Hashable {
        let purpose: Purpose
        let result: String
    }

    private let factory: any MetricsFactory
    private let timers = Mutex<[Kind: Timer]>([:])
    private let hold: Timer

    /// Measures from now on; `nil` when nobody does.
    init?() {
        let factory = MetricsSystem.factory
        if factory is NOOPMetricsHandler { return nil }
        self.factory = factory
        hold = Timer(label: MillraceMetrics.httpHolds.name, factory: factory)
    }

    /// Measures a request that was answered.
    func note(_ purpose: Purpose, status: Int, in duration: Duration) {
        // An API that limits its users is another thing than one that does not know what it is asked.
        note(purpose, result: status == 429 ? "429" : "\(min(max(status / 100, 1), 5))xx", in: duration)
    }

    /// Measures a request that was not.
    func note(_ purpose: Purpose, _ failure: RequestFailure, in duration: Duration) {
        note(purpose, result: failure.label, in: duration)
    }

    /// Measures how long a request was held back.
    func noteHold(of duration: Duration) {
        hold.recordNanoseconds(max(.zero, duration).wholeNanoseconds)
    }

    private func note(_ purpose: Purpose, result: String, in duration: Duration) {
        let timer = timers.withLock { timers in
            let kind = Kind(purpose: purpose, result: result)
            if let timer = timers[kind] { return timer }
            let metric = MillraceMetrics.httpRequests
            let timer = Timer(
                label: metric.name, dimensions: metric.dimensions(purpose.rawValue, result), factory: factory)
            timers[kind] = timer
            return timer
        }
        timer.recordNanoseconds(duration.wholeNanoseconds)
    }
}

extension RequestFailure {
    /// As a label: one of few, whatever the reason says.
    fileprivate var label: String {
        switch self {
        case .cancelled: "cancelled"
        case .timedOut: "timed_out"
        case .unreachable: "unreachable"
        case .cut: "cut"
        case .tooLarge: "too_large"
        case .garbled: "garbled"
        }
    }
}
