internal import MillraceCore
internal import Synchronization

/// What time it is in the store: by its own word, if it gives one, else by a clock of this host.
///
/// Between two words it goes on by a clock that nobody sets. So a host whose clock is wrong serves nothing for longer than
/// the others, as long as the store's clock is right.
final class StoreClock: WallClock {
    private let host: any WallClock
    private let time: SteadyTime
    private let offset = Mutex(ClockOffset())

    init(_ host: any WallClock, time: SteadyTime) {
        self.host = host
        self.time = time
    }

    func now() -> Timestamp {
        offset.withLock { $0.time(at: time.latest()) } ?? host.now()
    }

    /// Takes note of what the store says: asked at a time that is past, and heard just now.
    func hear(_ there: Timestamp?, askedAt asked: Timestamp) {
        guard let there else { return }
        let heard = time.latest()
        offset.withLock { offset in
            if offset.isDue(at: heard) { offset.add(asked: asked, heard: heard, there: there) }
        }
    }
}
