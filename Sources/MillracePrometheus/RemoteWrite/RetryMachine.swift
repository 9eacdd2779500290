internal import MillraceCore

/// Decides what becomes of one batch: what of it is sent when, and what is given up. Pure: time is an argument.
///
/// A batch is sent as a whole until it is taken or refused for good (another 4xx or 3xx than 429). What fails otherwise is
/// repeated: after the time that the server asks for, or else one that grows. A batch that has failed for longer than
/// `maximumBatchAge`, while the endpoint takes others, holds something that the endpoint fails on: it is halved by series
/// until that stands alone. Whether others are taken it sees by the traffic of all shards, and where there is none by sending
/// a single series for trial. A series that fails alone, again and again, is given up; all others have gone out by then. As
/// long as nothing is taken the endpoint is down for all, and nothing is given up.
///
/// All samples of a series stay together, so that the order of a series is kept whatever is sent first.
struct RetryMachine {
    /// What to do next.
    enum Step: Equatable {
        /// Send these series, or all that are left for `nil`, and say what was answered.
        case send(series: [Int]?)
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
        /// How often it failed as it is.
        var refusals = 0
        /// How many requests the endpoint had taken when it failed first, and when that was.
        var takenBefore: Int?
        var failsSince: Duration?
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
    private var isTrial = false
    private var sent: [Int]?
    /// When the batch failed first, and what the endpoint had taken until then.
    private var firstRefusal: (time: Duration, traffic: EndpointTraffic)?
    private var ownRefusals = 0
    private let trafficAtStart: EndpointTraffic

    /// Begins with a batch that is one whole.
    init(_ settings: RetrySettings, traffic: EndpointTraffic) {
        self.settings = settings
        trafficAtStart = traffic
        groups = [Group()]
    }

    /// Begins with a batch in which some series are known to be failed on: the others go first, together, then each of these
    /// alone.
    init(_ settings: RetrySettings, series: Int, known: Set<Int>, traffic: EndpointTraffic) {
        self.settings = settings
        trafficAtStart = traffic
        let others = (0..<series).filter { !known.contains($0) }
        groups = others.isEmpty ? [] : [Group(series: others)]
        groups += known.sorted().map { Group(series: [$0], isSuspect: true, isKnown: true) }
    }

    /// What is to be done now.
    mutating func next(at now: Duration) -> Step {
        guard let group = groups.first else { return .finish }
        if let notBefore, now < notBefore { return .wait(until: notBefore) }
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
        switch answer {
        case .taken: return settle { .acknowledge(series: $0) }
        case .rejected: return settle { .reject(series: $0) }
        case .limited(let pause):
            retreat(pause, at: now, using: &generator)
            return .retry
        case .unreachable:
            retreat(nil, at: now, using: &generator)
            return .retry
        case .failed(let pause):
            ownRefusals += 1
            if firstRefusal == nil { firstRefusal = (now, traffic.before(refusals: 1)) }
            retreat(pause, at: now, using: &generator)
            return judge(at: now, traffic, count)
        }
    }

    private mutating func settle(_ verdict: ([Int]?) -> Verdict) -> Verdict {
        failures = 0
        notBefore = nil
        guard isTrial, let series = sent, let rest = groups.first?.series?.dropFirst(series.count), !rest.isEmpty else {
            isTrial = false
            let series = groups.removeFirst().series
            return verdict(series)
        }
        isTrial = false
        groups[0].series = Array(rest)
        return verdict(series)
    }

    private mutating func retreat(
        _ pause: Duration?, at now: Duration, using generator: inout some RandomNumberGenerator
    ) {
        failures += 1
        isAskedToWait = pause != nil
        let wait = pause.map { min($0, settings.longestPause) }
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
        groups[0].refusals += 1
        let takenBefore = groups[0].takenBefore ?? traffic.taken
        groups[0].takenBefore = takenBefore
        let failsSince = groups[0].failsSince ?? now
        groups[0].failsSince = failsSince
        if groups[0].isKnown, groups[0].refusals >= Self.refusalsOfKnown, traffic.taken > trafficAtStart.taken {
            return giveUp()
        }
        guard let firstRefusal, groups[0].isSuspect || now - firstRefusal.time >= settings.maximumBatchAge else {
            return .retry
        }
        let series = groups[0].series ?? Array(0..<count())
        groups[0].series = series
        let isOthersTaken = traffic.taken > takenBefore
        // Of a batch whose other parts are gone nothing may be left but what is failed on.
        let isLeftOver =
            groups[0].isSuspect && now - failsSince >= settings.maximumBatchAge
            && takesOthers(traffic, since: firstRefusal.traffic)
        if series.count == 1 {
            if groups[0].refusals >= Self.refusalsOfOne, takesOthers(traffic, since: firstRefusal.traffic),
                isOthersTaken || isLeftOver
            {
                return giveUp()
            }
            groups[0].isSuspect = true
            groups.append(groups.removeFirst())
        } else if isOthersTaken || isLeftOver {
            let middle = series.count / 2
            groups.replaceSubrange(
                0...0,
                with: [
                    Group(series: Array(series[..<middle]), isSuspect: true),
                    Group(series: Array(series[middle...]), isSuspect: true),
                ])
            failures = min(failures, 1)
        } else if groups.count > 1, groups[0].refusals % 2 == 1 {
            groups.append(groups.removeFirst())
        } else {
            isTrial = true
        }
        return .retry
    }

    private mutating func giveUp() -> Verdict {
        failures = 0
        notBefore = nil
        guard let series = groups.removeFirst().series?.first else { return .retry }
        return .quarantine(series: series)
    }

    /// Whether the endpoint takes what others send, for the most part.
    private func takesOthers(_ traffic: EndpointTraffic, since start: EndpointTraffic) -> Bool {
        let taken = traffic.taken - start.taken
        let failed = traffic.failed - start.failed - ownRefusals
        return taken > 0 && taken * 4 >= failed
    }
}
