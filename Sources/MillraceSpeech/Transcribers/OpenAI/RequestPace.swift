internal import MillraceCore

/// Decides when requests to one API may go out: as many at once as it bears, and none while it wants to be left alone.
///
/// A plain state machine; times count from any fixed point. After a refusal (429) half as many requests run at once, and
/// none before the time that the API named, or that the backoff gives. Every success lets the number grow again, by
/// one for as many successes as run at once. Faults in a row, without a success between them, close the way too, so that
/// an API that is being restarted does not use up the retries of every chunk.
struct RequestPace: Sendable {
    /// The bounds.
    struct Settings: Sendable {
        var mostAtOnce: Int
        var backoff: RetryPolicy
        var longestLimit: Duration
        var longestOutage: Duration
        /// So many faults in a row are nothing special.
        var faultsBorne = 2
    }

    /// The right to send one request; each is handed back by ``leave(_:_:at:using:)``.
    struct Ticket: Hashable, Sendable {
        /// How often the way had been closed when the request went out.
        fileprivate let closures: Int
    }

    /// What the API has against requests.
    enum Trouble: Hashable, Sendable {
        /// It refuses them because there are too many.
        case limit
        /// It does not answer, or fails.
        case outage
    }

    /// The answer to one who wants to send.
    enum Entry: Hashable, Sendable {
        case go(Ticket)
        /// Not before a time; ask again then.
        case wait(until: Duration)
        /// Not while so many run; ask again when one of them ends.
        case queue
        /// It would take too long.
        case giveUp(Trouble, wait: Duration)
    }

    /// How a request ended.
    enum Outcome: Hashable, Sendable {
        case success
        /// Refused because there are too many; with the time to wait where the API says so.
        case limited(retryAfter: Duration?)
        /// No answer, or one that says that the API itself failed.
        case fault
        /// Answered in another way, or called off: says nothing about the pace.
        case neutral
    }

    private(set) var running = 0
    /// How many requests may run at once; fractions are steps to the next.
    private(set) var window: Double
    private let settings: Settings
    private var opensAt: Duration?
    private var closures = 0
    private var refusals = 0
    private var faults = 0
    private var trouble: (kind: Trouble, since: Duration)?
    /// When anybody asked or came back last.
    private var lastSign = Duration.zero

    init(_ settings: Settings) {
        self.settings = settings
        window = Double(settings.mostAtOnce)
    }

    /// Asks to send a request.
    mutating func enter(at now: Duration) -> Entry {
        forgetOldTrouble(at: now)
        if let opensAt, now < opensAt {
            if let trouble, isTooLong(trouble, until: opensAt) { return .giveUp(trouble.kind, wait: opensAt - now) }
            return .wait(until: opensAt)
        }
        guard running < Int(window) else { return .queue }
        running += 1
        return .go(Ticket(closures: closures))
    }

    /// Notes how a request ended.
    ///
    /// - Returns: for how long the way is closed because of it; `nil` when it is not.
    mutating func leave(
        _ ticket: Ticket, _ outcome: Outcome, at now: Duration, using generator: inout some RandomNumberGenerator
    ) -> (Trouble, Duration)? {
        let atOnce = min(Double(running), window)
        running -= 1
        lastSign = now
        switch outcome {
        case .success:
            refusals = 0
            faults = 0
            trouble = nil
            window = min(Double(settings.mostAtOnce), window + 1 / window)
            return nil
        case .neutral:
            return nil
        case .limited(let retryAfter):
            // Those that went out before the last closure tell what is known; a longer wait counts all the same.
            let isNews = ticket.closures == closures
            if isNews { refusals += 1 }
            var wait = retryAfter ?? .zero
            if isNews, retryAfter == nil || refusals > 1 {
                wait = max(wait, settings.backoff.delay(beforeRetry: refusals, using: &generator))
            }
            return close(for: wait, because: .limit, halving: isNews ? atOnce : nil, at: now)
        case .fault:
            guard ticket.closures == closures else { return nil }
            faults += 1
            let excess = faults - settings.faultsBorne
            guard excess > 0 else { return nil }
            let wait = settings.backoff.delay(beforeRetry: excess, using: &generator)
            return close(for: wait, because: .outage, halving: atOnce, at: now)
        }
    }

    private mutating func close(
        for wait: Duration, because kind: Trouble, halving atOnce: Double?, at now: Duration
    ) -> (Trouble, Duration)? {
        if trouble?.kind != kind { trouble = (kind, now) }
        if let atOnce {
            closures += 1
            window = max(1, (atOnce / 2).rounded(.down))
        }
        guard now + wait > opensAt ?? now else { return nil }
        opensAt = now + wait
        return (kind, wait)
    }

    /// Nobody knows how the API fared while nobody asked for long, so that what was before is no part of what comes.
    private mutating func forgetOldTrouble(at now: Duration) {
        let quiet = now - max(opensAt ?? lastSign, lastSign)
        lastSign = now
        guard running == 0, quiet > longest(trouble?.kind ?? .outage) / 2 else { return }
        trouble = nil
        refusals = 0
        faults = 0
    }

    private func isTooLong(_ trouble: (kind: Trouble, since: Duration), until end: Duration) -> Bool {
        end - trouble.since > longest(trouble.kind)
    }

    private func longest(_ trouble: Trouble) -> Duration {
        trouble == .limit ? settings.longestLimit : settings.longestOutage
    }
}
