internal import CoreMetrics
internal import MillraceCore
internal import Synchronization

/// What a cache measures, by handles that are made once.
///
/// Lookups are counted by the tiers themselves; what has come to since is reported by the upkeep, so that a hit costs no more
/// than without. Several caches of a process add up.
final class CacheMetrics: Sendable {
    /// How the making of a value ended.
    enum LoadResult: String, CaseIterable {
        case success, failure, cancelled
    }

    /// What there was to report last.
    struct Report {
        var tiers: [CacheTierName: CacheStats.TierCounters] = [:]
        var damaged = 0
        var entries = 0
        var bytes = 0
    }

    private struct TierHandles {
        let hits: Counter
        let misses: Counter
        let evictions: Counter
    }

    private let tiers: [CacheTierName: TierHandles]
    private let loads: [LoadResult: Counter]
    private let loadSeconds: Timer
    private let invalidationDelay: Timer
    private let damaged: Counter
    private let entries: Meter
    private let bytes: Meter
    private let last = Mutex(Report())

    /// Makes the handles of a cache of these tiers; `nil` when nobody measures.
    init?(tiers: [CacheTierName]) {
        let factory = MetricsSystem.factory
        if factory is NOOPMetricsHandler { return nil }
        func counter(_ metric: MeasuredMetric, _ dimensions: [(String, String)]) -> Counter {
            Counter(label: metric.name, dimensions: dimensions, factory: factory)
        }
        func meter(_ metric: MeasuredMetric) -> Meter {
            Meter(label: metric.name, dimensions: metric.dimensions(CacheTierName.l1.rawValue), factory: factory)
        }
        let requests = MillraceMetrics.cacheRequests
        let evictions = MillraceMetrics.cacheEvictions
        self.tiers = Dictionary(
            uniqueKeysWithValues: tiers.map { tier in
                let handles = TierHandles(
                    hits: counter(requests, requests.dimensions(tier.rawValue, "hit")),
                    misses: counter(requests, requests.dimensions(tier.rawValue, "miss")),
                    evictions: counter(evictions, evictions.dimensions(tier.rawValue)))
                return (tier, handles)
            })
        let made = MillraceMetrics.cacheLoads
        loads = Dictionary(
            uniqueKeysWithValues: LoadResult.allCases.map { ($0, counter(made, made.dimensions($0.rawValue))) })
        loadSeconds = Timer(label: MillraceMetrics.cacheLoadSeconds.name, factory: factory)
        invalidationDelay = Timer(label: MillraceMetrics.invalidationDelay.name, factory: factory)
        let unread = MillraceMetrics.cacheDamaged
        damaged = counter(unread, unread.dimensions(CacheTierName.l2.rawValue))
        entries = meter(MillraceMetrics.cacheEntries)
        bytes = meter(MillraceMetrics.cacheBytes)
    }

    deinit {
        let last = last.withLock { $0 }
        entries.decrement(by: Double(last.entries))
        bytes.decrement(by: Double(last.bytes))
    }

    /// Reports what has come to since the last report; what there is now is read while nobody else reports.
    func report(_ read: () -> Report) {
        let (before, report) = last.withLock { last in
            let (before, report) = (last, read())
            last = report
            return (before, report)
        }
        for (tier, counted) in report.tiers {
            guard let handles = tiers[tier] else { continue }
            let old = before.tiers[tier] ?? .init()
            Self.add(counted.hits - old.hits, to: handles.hits)
            Self.add(counted.misses - old.misses, to: handles.misses)
            Self.add(counted.evictions - old.evictions, to: handles.evictions)
        }
        Self.add(report.damaged - before.damaged, to: damaged)
        Self.move(entries, by: report.entries - before.entries)
        Self.move(bytes, by: report.bytes - before.bytes)
    }

    /// Measures the making of a value.
    func noteLoad(_ result: LoadResult, in duration: Duration) {
        loads[result]?.increment()
        loadSeconds.recordNanoseconds(max(.zero, duration).wholeNanoseconds)
    }

    /// Measures for how long memory may have served what had been overwritten.
    func noteInvalidation(after duration: Duration) {
        invalidationDelay.recordNanoseconds(max(.zero, duration).wholeNanoseconds)
    }

    private static func add(_ count: Int, to counter: Counter) {
        if count > 0 { counter.increment(by: count) }
    }

    /// Neither way of a meter takes what is below zero.
    private static func move(_ meter: Meter, by change: Int) {
        if change > 0 { meter.increment(by: Double(change)) }
        if change < 0 { meter.decrement(by: Double(-change)) }
    }
}

extension TieredCache {
    /// Reports what was counted since the last report.
    func reportMetrics() {
        metrics?.report {
            let usage = memory.usage
            return CacheMetrics.Report(
                tiers: counters.tiers(memory: usage.counters, shared: shared?.counters.tier),
                damaged: shared?.counters.damaged ?? 0, entries: usage.entries, bytes: usage.bytes)
        }
    }
}
