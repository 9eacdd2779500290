internal import MillraceCore
internal import Synchronization

/// What time it is in the store, beside what time it is on this host.
///
/// A store says what an entry has left by the host's clock, as of the question, so a host whose clock is wrong keeps
/// nothing for longer. What other hosts are to read has its times by the store's clock: by its own word, if it gives one,
/// else by that of this host. Between two words it goes on by a clock that nobody sets.
final class StoreClock: Sendable {
    private let host: any WallClock
    private let time: SteadyTime
    private let offset = Mutex(ClockOffset())

    init(_ host: any WallClock, time: SteadyTime) {
        self.host = host
        self.time = time
    }

    /// Takes note of what the store says: asked at a time that is past, and heard just now.
    func hear(_ there: Timestamp?, askedAt asked: Timestamp) {
        guard let there else { return }
        let heard = time.latest()
        offset.withLock { offset in
            if offset.isDue(at: heard) { offset.add(asked: asked, heard: heard, there: there) }
        }
    }

    /// An entry that the store gave, with its times as other hosts are to read them.
    func forOthers(_ entry: CacheEntry) -> CacheEntry {
        entry.moved(by: ahead(at: time.earliest()))
    }

    /// An entry that may be from another host, with its times by the clock of this one.
    func fromOthers(_ entry: CacheEntry) -> CacheEntry {
        entry.moved(by: .zero - ahead(at: time.latest()))
    }

    /// By how much the store's clock is ahead of the host's: rather too little at a time that is past, too much at one
    /// that is not.
    private func ahead(at steady: Timestamp) -> Duration {
        let now = host.now()
        return (offset.withLock { $0.time(at: steady) } ?? now) - now
    }
}

extension CacheEntry {
    fileprivate func moved(by duration: Duration) -> CacheEntry {
        CacheEntry(
            key: key, value: value, createdAt: createdAt + duration, expiresAt: expiresAt + duration, version: version)
    }
}
