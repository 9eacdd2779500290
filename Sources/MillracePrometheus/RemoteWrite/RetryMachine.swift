internal import MillraceCore

/// Decides what becomes of one batch: what of it is sent when, and what is given up. Pure: time is an argument.
///
/// A batch is sent as a whole until it is taken or refused for good (another 4xx or 3xx than 429). What fails otherwise is
/// repeated: after the time that the server asks for, or else one that grows. A batch that has failed for longer than
/// `maximumBatchAge`, while the endpoint takes others, holds something that the endpoint fails on: it is halved by series
/// until that stands alone, and is given up when it fails again and again; all others have gone out by then.
///
/// A failure says nothing of what was sent unless something else is taken after it and before the next try: else it is the
/// endpoint that fails, and nothing is given up for as long as it does. Where no other shard sends anything, a series of the
/// batch that was taken is sent again for that, the same sample with the same time and value, which a server takes without
/// storing it twice; not an empty request, which a server takes that cannot store anything. As long as none was taken yet,
/// single series are sent for trial.
///
/// All samples of a series stay together, so that the order of a series is kept whatever is sent first.
struct RetryMachine {
    /// What to do next.
    enum Step: Equatable {
        /// Send these series, or all that are left for `nil`, and say what was answered.
        case send(series: [Int]?)
        /// Send what was taken last of this series again, and say what was answered.
        case probe(series: Int)
        /// Wait until then.
        case wait(until: Duration)
        /// Nothing is left.
        case finish
    }

    /// What is settled by an answer.
    enum Verdict: Equatable {
        /// These series were taken, or all that are left.
        case acknowledge(series: [Int]?)
        /// They were refused for good.
        case reject(series: [Int]?)
        /// The endpoint fails on this one.
        case quarantine(series: Int)
        /// Nothing is settled.
        case retry
    }

    /// Alone, a series has to fail so often until it is given up.
    static let refusalsOfOne = 3
    /// And so often when it has failed in a batch before.
    static let refusalsOfKnown = 2

    private struct Group {
        /// The series; `nil` for all of the batch.
        var series: [Int]?
        /// How often it was tried as it is.
        var tries = 0
        /// How often it failed as it is, of times between which something else was taken.
        var refusals = 0
        /// What the endpoint had done with all when it failed the first of these times, and how much the last.
        var trafficBefore = EndpointTraffic()
        var takenBefore = 0
        /// Whether it is part of something that failed for long.
        var isSuspect = false
        /// Whether it is a single series that the endpoint has failed on before.
        var isKnown = false
    }

    private let settings: RetrySettings
    private var groups: [Group]
    private var failures = 0
    private var notBefore: Duration?
    private var isAskedToWait = false
    /// Whether the next request is to show that the endpoint takes anything: by a series that was taken before, or another.
    private var isProbe = false
    private var isTrial = false
    private var sent: [Int]?
    /// A series that was taken.
    private var witness: Int?
    /// When the batch failed first.
    private var failsSince: Duration?
    private var ownFailures = 0

    /// Begins with a batch that is one whole.
    init(_ settings: RetrySettings) {
        self.settings = settings
        groups = [Group()]
    }

    /// Begins with a batch in which some series are known to be failed on: the others go first, together, then each of these
    /// alone.
    init(_ settings: RetrySettings, series: Int, known: Set<Int>) {
        self.settings = settings
        let others = (0..<series).filter { !known.contains($0) }
        groups = others.isEmpty ? [] : [Group(series: others)]
        groups += known.sorted().map { Group(series: [$0], isSuspect: true, isKnown: true) }
    }

    /// What is to be done now.
    mutating func next(at now: Duration) -> Step {
        guard let group = groups.first else { return .finish }
        if let notBefore, now < notBefore { return .wait(until: notBefore) }
        if isProbe, let witness { return .probe(series: witness) }
        sent = isTrial ? group.series.map { Array($0.prefix(1)) } : group.series
        return .send(series: sent)
    }

    /// Waits no longer, unless the server asked for it.
    mutating func hasten() {
        if !isAskedToWait { notBefore = nil }
    }

    /// Takes series out that need not be sent any more.
    mutating func remove(_ gone: Set<Int>, of count: Int) {
        for index in groups.indices {
            groups[index].series = (groups[index].series ?? Array(0..<count)).filter { !gone.contains($0) }
        }
        groups.removeAll { $0.series?.isEmpty == true }
        isTrial = isTrial && (groups.first?.series?.count ?? 0) > 1
    }

    /// Notes what was answered to the last step, which was to send something; `traffic` counts this answer too. `count` is
    /// asked for how many series the batch has when that matters.
    mutating func receive(
        _ answer: RemoteWriteAnswer, at now: Duration, traffic: EndpointTraffic,
        using generator: inout some RandomNumberGenerator, count: () -> Int
    ) -> Verdict {
        let wasProbe = isProbe
        isProbe = false
        switch answer {
        case .taken where wasProbe: resume()
        case .rejected where wasProbe:
            // It does not take it twice, which says nothing of the rest.
            witness = nil
            resume()
        case .taken:
            let series = settle()
            witness = series?.first
            return .acknowledge(series: series)
        case .rejected: return .reject(series: settle())
        case .limited(let pause): retreat(pause, at: now, using: &generator)
        case .unreachable: retreat(nil, at: now, using: &generator)
        case .failed(let pause):
            retreat(pause, at: now, using: &generator)
            if !wasProbe {
                ownFailures += 1
                return judge(at: now, traffic, count)
            }
            // It fails on everything: what failed before may have done nothing to it.
            if !groups.isEmpty { groups[0].refusals = 0 }
        }
        return .retry
    }

    /// Takes what was sent out.
    private mutating func settle() -> [Int]? {
        resume()
        defer { isTrial = false }
        guard isTrial, let series = sent, let rest = groups.first?.series?.dropFirst(series.count), !rest.isEmpty else {
            return groups.removeFirst().series
        }
        groups[0].series = Array(rest)
        return series
    }

    /// Waits no longer.
    private mutating func resume() {
        failures = 0
        notBefore = nil
    }

    private mutating func retreat(
        _ pause: Duration?, at now: Duration, using generator: inout some RandomNumberGenerator
    ) {
        failures += 1
        // Who asks for no wait is left alone like who asks for nothing, or it would be asked without end.
        let wait = pause.flatMap { $0 > .zero ? min($0, settings.longestPause) : nil }
        isAskedToWait = wait != nil
        notBefore = now + (wait ?? settings.backoff(after: failures, using: &generator))
    }

    /// Looks for what is at fault, once the batch has failed for too long.
    private mutating func judge(at now: Duration, _ traffic: EndpointTraffic, _ count: () -> Int) -> Verdict {
        if isTrial {
            // Another one is tried next time.
            isTrial = false
            if let series = groups[0].series, let first = series.first {
                groups[0].series = Array(series.dropFirst() + [first])
            }
            return .retry
        }
        note(traffic)
        let failsSince = failsSince ?? now
        self.failsSince = failsSince
        guard groups[0].isSuspect || now - failsSince >= settings.maximumBatchAge else { return .retry }
        let series = groups[0].series ?? Array(0..<count())
        groups[0].series = series
        if series.count == 1 {
            let limit = groups[0].isKnown ? Self.refusalsOfKnown : Self.refusalsOfOne
            if groups[0].refusals >= limit, takesOthers(traffic) { return giveUp() }
            groups[0].isSuspect = true
        } else if groups[0].refusals > 1 {
            let middle = series.count / 2
            groups.replaceSubrange(
                0...0,
                with: [
                    Group(series: Array(series[..<middle]), isSuspect: true),
                    Group(series: Array(series[middle...]), isSuspect: true),
                ])
            failures = min(failures, 1)
            return .retry
        }
        if witness != nil {
            isProbe = true
        } else if groups.count > 1, series.count == 1 || groups[0].tries % 2 == 1 {
            groups.append(groups.removeFirst())
        } else {
            isTrial = series.count > 1
        }
        return .retry
    }

    /// Notes that the first group has failed; it counts when something else was taken since the last time.
    private mutating func note(_ traffic: EndpointTraffic) {
        groups[0].tries += 1
        guard groups[0].refusals == 0 || traffic.taken > groups[0].takenBefore else { return }
        if groups[0].refusals == 0 { groups[0].trafficBefore = othersOnly(traffic) }
        groups[0].refusals += 1
        groups[0].takenBefore = traffic.taken
    }

    private mutating func giveUp() -> Verdict {
        resume()
        guard let series = groups.removeFirst().series?.first else { return .retry }
        return .quarantine(series: series)
    }

    /// Whether the endpoint has taken what others sent, for the most part, since the first group failed.
    private func takesOthers(_ traffic: EndpointTraffic) -> Bool {
        let (before, now) = (groups[0].trafficBefore, othersOnly(traffic))
        return now.taken > before.taken && (now.taken - before.taken) * 4 >= now.failed - before.failed
    }

    /// Without what the endpoint has failed on of this batch.
    private func othersOnly(_ traffic: EndpointTraffic) -> EndpointTraffic {
        traffic.without(failures: ownFailures)
    }
}
