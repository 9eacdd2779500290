import Foundation
import Synchronization

@testable import Millrace

/// Machines that write and read one value all the time, and the proof that nobody reads what he must not.
///
/// What was put is a number that grows. Who begins to read two seconds after a put had returned must get that number or a
/// greater one; who begins to read when the time of a value has passed must not get it.
final class StalenessAudit: Sendable {
    struct Report: Sendable {
        var reads: [CacheTierName: Int] = [:]
        var writes = 0
        var failures = 0
        var violations: [String] = []
    }

    private struct State {
        var report = Report()
        var puts: [(number: Int, at: ContinuousClock.Instant)] = []
        /// When those that do not last long were there at the latest.
        var shortPuts: [Int: ContinuousClock.Instant] = [:]
        var isOver = false
    }

    private static let bound = Duration.seconds(2)
    private static let shortTTL = Duration.milliseconds(1_500)

    private let key = CacheKey(stored: "audit")
    private let short = CacheKey(stored: "short")
    private let state = Mutex(State())

    /// Lets machines work while something happens, and goes on for as long as a value may be old afterwards.
    func run(_ machines: [RepositoryFactory], during fault: @escaping @Sendable () async throws -> Void) async throws
        -> Report
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for machine in machines {
                for _ in 0..<2 { group.addTask { await self.read(machine.cacheRepository()) } }
            }
            group.addTask { await self.write(machines.map { $0.cacheRepository() }) }
            try await Task.sleep(for: .seconds(1))
            try await fault()
            try await Task.sleep(for: .seconds(4))
            state.withLock { $0.isOver = true }
            try await group.waitForAll()
        }
        let report = state.withLock { $0.report }
        print("audit: \(report.writes) writes, reads \(report.reads), \(report.failures) failures")
        return report
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func write(_ caches: [any CacheRepository]) async {
        var number = 0
        while !isOver {
            number += 1
            let cache = caches[number % caches.count]
            do {
                _ = try await cache.put(key, CacheValue(encoding: number), ttl: .standard)
                state.withLock { $0.puts.append((number, .now)) }
                _ = try await cache.put(short, CacheValue(encoding: number), ttl: TTL(Self.shortTTL))
                state.withLock { state in
                    state.shortPuts[number] = .now
                    state.report.writes += 1
                }
            } catch {
                state.withLock { $0.report.failures += 1 }
            }
            try? await Task.sleep(for: .milliseconds(number % 4 == 0 ? 700 : 20))
        }
    }

    private func read(_ cache: any CacheRepository) async {
        while !isOver {
            let begun = ContinuousClock.now
            let least = state.withLock { state in
                state.puts.last { $0.at + Self.bound <= begun }?.number ?? 0
            }
            do {
                let hit = try await cache.get(key)
                let number = try hit?.value.decode(Int.self) ?? 0
                state.withLock { state in
                    if let hit { state.report.reads[hit.tier, default: 0] += 1 }
                    if number < least {
                        state.report.violations.append(
                            "\(number) from \(hit?.tier.rawValue ?? "nowhere"), \(least) was put over 2 s before")
                    }
                }
                let time = ContinuousClock.now
                let last = try await cache.get(short)?.value.decode(Int.self)
                state.withLock { state in
                    guard let last, let put = state.shortPuts[last], put + Self.shortTTL < time else { return }
                    state.report.violations.append("a value \((put + Self.shortTTL).duration(to: time)) past its time")
                }
            } catch {
                state.withLock { $0.report.failures += 1 }
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}
