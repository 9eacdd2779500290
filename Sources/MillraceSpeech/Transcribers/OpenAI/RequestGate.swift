internal import Logging
internal import MillraceCore
internal import Synchronization

/// Lets the requests to one API through at their pace, and holds the others back.
final class RequestGate: Sendable {
    /// Pauses shorter than this are no news.
    private static let notablePause = Duration.seconds(5)

    private struct State {
        var pace: RequestPace
        var queue: [(id: Int, continuation: CheckedContinuation<RequestPace.Entry?, Never>)] = []
        // A task may be cancelled before its continuation exists.
        var cancelledEarly: Set<Int> = []
        var lastID = 0
        var traffic = APITraffic()
    }

    private let state: Mutex<State>
    private let time: MonotonicTime
    private let metrics: HTTPMetrics?
    private let logger: Logger

    init(_ settings: RequestPace.Settings, time: MonotonicTime, metrics: HTTPMetrics? = nil, logger: Logger) {
        state = Mutex(State(pace: RequestPace(settings)))
        self.time = time
        self.metrics = metrics
        self.logger = logger
    }

    /// What went through so far.
    var traffic: APITraffic { state.withLock(\.traffic) }

    /// Requests that wait for one to end.
    var queued: Int { state.withLock { $0.queue.count } }

    /// Waits until a request may go out.
    ///
    /// Throws `cancelled`, and `engineUnavailable` when it would take too long.
    func enter() async throws(TranscriptionError) -> RequestPace.Ticket {
        while true {
            switch await ask() {
            case .go(let ticket): return ticket
            case .wait(let end):
                let start = time.now()
                defer {
                    let wait = time.now() - start
                    state.withLock { $0.traffic.waits(for: wait) }
                    metrics?.noteHold(of: wait)
                }
                do {
                    try await time.sleep(for: max(.zero, end - start))
                } catch {
                    throw .cancelledTask
                }
            case .giveUp(let trouble, let wait): throw Self.refusal(trouble, wait: wait)
            case .queue, nil: throw .cancelledTask
            }
        }
    }

    /// Hands a ticket back, and lets the next request through.
    func leave(_ ticket: RequestPace.Ticket, _ outcome: RequestPace.Outcome) {
        let now = time.now()
        let (pause, answered) = state.withLock { state in
            var generator = SystemRandomNumberGenerator()
            state.traffic.count(outcome)
            let pause = state.pace.leave(ticket, outcome, at: now, using: &generator)
            var answered: [(CheckedContinuation<RequestPace.Entry?, Never>, RequestPace.Entry)] = []
            for waiter in state.queue {
                let entry = state.pace.enter(at: now)
                if entry == .queue { break }
                answered.append((waiter.continuation, entry))
            }
            state.queue.removeFirst(answered.count)
            return (pause, answered)
        }
        for (continuation, entry) in answered { continuation.resume(returning: entry) }
        guard let (trouble, wait) = pause, wait >= Self.notablePause else { return }
        let metadata: Logger.Metadata = ["seconds": "\(Int(wait.inSeconds.rounded(.up)))"]
        switch trouble {
        case .limit: logger.warning("The API limits requests; waiting", metadata: metadata)
        case .outage: logger.warning("The API fails; waiting", metadata: metadata)
        }
    }

    /// Asks the pace, and waits in the queue while it says so; `nil` when the task is cancelled.
    private func ask() async -> RequestPace.Entry? {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let entry = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let entry = state.withLock { state -> RequestPace.Entry?? in
                    if state.cancelledEarly.contains(id) { return .some(nil) }
                    let entry = state.pace.enter(at: time.now())
                    if entry != .queue { return entry }
                    state.queue.append((id, continuation))
                    return nil
                }
                if let entry { continuation.resume(returning: entry) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<RequestPace.Entry?, Never>? in
                guard let index = state.queue.firstIndex(where: { $0.id == id }) else {
                    state.cancelledEarly.insert(id)
                    return nil
                }
                return state.queue.remove(at: index).continuation
            }
            waiter?.resume(returning: nil)
        }
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        return entry
    }

    private static func refusal(_ trouble: RequestPace.Trouble, wait: Duration) -> TranscriptionError {
        let minutes = max(1, Int((wait.inSeconds / 60).rounded(.up)))
        return switch trouble {
        case .limit:
            TranscriptionError(
                .engineUnavailable,
                "the API takes no more requests for now; run the same again in \(minutes) min or later")
        case .outage:
            TranscriptionError(
                .engineUnavailable, "the API has been failing for too long; run the same again when it is back")
        }
    }
}
