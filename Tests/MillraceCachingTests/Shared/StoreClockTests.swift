import Foundation
import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillraceCaching

@Suite struct StoreClockTests {
    /// A time of day that somebody sets.
    private final class SetClock: WallClock {
        private let time = Mutex(Timestamp(microseconds: 1_700_000_000_000_000))

        func set(forward: Duration) { time.withLock { $0 = $0 + forward } }

        func now() -> Timestamp { time.withLock { $0 } }
    }

    private func entry(expiringAt end: Timestamp) -> CacheEntry {
        CacheEntry(
            key: CacheKey(stored: "k"), value: CacheValue(bytes: Data()), createdAt: end - .seconds(60), expiresAt: end,
            version: 1)
    }

    @Test func `an entry has its times by the store's clock for others, and by the host's for this host`() {
        let host = SetClock()
        let steady = ManualClock()
        let clock = StoreClock(host, time: SteadyTime(steady))
        let asked = SteadyTime(steady).earliest()
        let store = host.now() + .seconds(3_600)
        clock.hear(store, askedAt: asked)
        let own = entry(expiringAt: host.now() + .seconds(30))
        #expect(clock.forOthers(own) == entry(expiringAt: store + .seconds(30)))
        #expect(clock.fromOthers(clock.forOthers(own)) == own)

        // Ten seconds later, and the host's clock was set in between: the store's goes on.
        steady.advance(by: .seconds(10))
        host.set(forward: .seconds(-7_200))
        let left = clock.fromOthers(entry(expiringAt: store + .seconds(30))).remaining(at: host.now())
        #expect(left?.duration == .seconds(20))
        #expect(clock.forOthers(entry(expiringAt: host.now() + .seconds(5))) == entry(expiringAt: store + .seconds(15)))
    }

    @Test func `a store that does not say its time goes by the host's`() {
        let host = SetClock()
        let clock = StoreClock(host, time: SteadyTime(ManualClock()))
        let own = entry(expiringAt: host.now() + .seconds(30))
        #expect(clock.forOthers(own) == own)
        clock.hear(nil, askedAt: Timestamp(microseconds: 0))
        #expect(clock.fromOthers(own) == own)
    }
}
