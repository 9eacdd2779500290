import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillraceCaching

/// Loads that run while their keys are written, and who joins them then.
@Suite(.timeLimit(.minutes(5))) struct RunningLoadTests {
    enum Change: CaseIterable { case put, delete, invalidate }

    private let clock = ManualClock()
    private let store: HeldStore
    private let cache: TieredCache
    private let sample = key("a")
    private let loads = Counter()
    private let gate = Gate()

    init() {
        store = HeldStore(clock: clock)
        cache = TieredCache(store: store, clock: clock)
    }

    /// Makes a value when the gate opens.
    private func ask(_ text: String) async throws(StoreError) -> CacheLoad {
        try await cache.value(for: sample, ttl: .standard) { [loads, gate] in
            loads.increment()
            await gate.wait()
            return value(text)
        }
    }

    /// What another process does to the key.
    private func change(_ change: Change) async throws {
        switch change {
        case .put: _ = try await store.put(sample, value("put"), ttl: .standard)
        case .delete: _ = try await store.remove(sample)
        case .invalidate: _ = try await store.removeAll(matching: CachePattern("a*"))
        }
    }

    /// What who asks a second after a change gets, while a load that runs before it still does.
    private func lateAnswer(after change: () async throws -> Void) async throws -> CacheValue {
        async let early = ask("early")
        try await eventually { loads.value == 1 }
        let read = store.count(of: .entry)
        try await change()
        clock.advance(by: .seconds(1))
        async let late = ask("late")
        try await eventually { cache.flights.waiterCount(for: sample) == 2 || store.count(of: .entry) > read }
        gate.open()
        #expect(try await early.value == value("early"), "who asked before the change still gets it")
        return try await late.value
    }

    @Test(arguments: Change.allCases)
    func `who asks after a change by another process does not join a load begun before it`(change: Change) async throws
    {
        _ = try await store.put(sample, value("before"), ttl: .standard)
        _ = try await store.remove(sample)
        _ = try await cache.get(key("other"))
        let answer = try await lateAnswer { try await self.change(change) }
        #expect(answer == value(change == .put ? "put" : "late"))
    }

    @Test(arguments: Change.allCases)
    func `a load begun after a change of this process runs once, although the change comes back in the log`(
        change: Change
    ) async throws {
        _ = try await cache.get(key("other"))
        try await cache.put(sample, value("before"), ttl: ttl(.milliseconds(500)))
        switch change {
        case .put: clock.advance(by: .milliseconds(500))
        case .delete: try await cache.delete(sample)
        case .invalidate: try await cache.invalidatePattern(CachePattern("a*"))
        }
        async let early = ask("early")
        try await eventually { loads.value == 1 }
        clock.advance(by: .seconds(1))
        async let late = ask("late")
        try await eventually { cache.flights.waiterCount(for: sample) == 2 || loads.value == 2 }
        gate.open()
        #expect(try await [early.value, late.value] == [value("early"), value("early")])
        #expect(loads.value == 1)
    }

    @Test(arguments: [HeldStore.Call.entry, .newest], Change.allCases)
    func `who joins a lookup after its node followed a change is not answered with what was read before it`(
        answer: HeldStore.Call, change: Change
    ) async throws {
        _ = try await store.put(sample, value("before"), ttl: .standard)
        if answer == .newest { _ = try await store.remove(sample) }
        _ = try await cache.get(key("other"))
        gate.open()
        let joining = Mutex<Task<CacheLoad, any Error>?>(nil)
        store.after(answer) { [self] () async throws(StoreError) in
            store.after(answer, nil)
            do {
                try await self.change(change)
                clock.advance(by: .seconds(1))
                // Somebody else's lookup follows the change while this answer is on its way.
                _ = try await cache.get(key("other"))
                let read = store.count(of: .entry)
                joining.withLock { $0 = Task { try await ask("late") } }
                try await eventually {
                    cache.flights.waiterCount(for: sample) == 2 || store.count(of: .entry) > read
                }
            } catch {
                throw StoreError(.unexpected, "\(error)")
            }
        }
        let early = try await ask("early")
        let late = try await joining.withLock { $0 }?.value
        #expect(late?.value == (change == .put ? value("put") : early.value))
        #expect(loads.value == (change == .put ? 0 : 1))
        #expect(late?.tier == (change == .put ? .l3 : nil))
    }

    @Test func `a load that could not learn its version counts as older than any change`() async throws {
        _ = try await cache.get(key("other"))
        store.after(.newest) { () async throws(StoreError) in throw StoreError(.busy, "locked") }
        #expect(try await lateAnswer { try await change(.put) } == value("put"))
    }
}
