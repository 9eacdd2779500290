internal import MillraceCore
internal import Synchronization

/// The shared tier as one cache uses it: behind a breaker and a gate, so that it hastens and never misleads.
///
/// Whatever goes wrong with it, the cache goes on over the authority: nothing here throws.
final class SharedLevel: Sendable {
    let tier: any SharedCacheTier
    /// Who this cache is to those who listen.
    let origin = SharedToken.random()
    let clock: any WallClock
    let storeClock: StoreClock
    let time: SteadyTime
    let breaker: Mutex<CircuitBreaker>
    let gate = Mutex(SharedGate())
    let sequences = Mutex(SequenceWatch())
    let subscription = Mutex<(any SharedSubscription)?>(nil)
    let counters = SharedCounters()
    /// What is being purged here, and when others were last told that somebody purges.
    let purges = Mutex<(patterns: Set<CachePattern>, toldAt: Timestamp?)>(([], nil))

    init(_ tier: any SharedCacheTier, options: TieredCache.Options, storeClock: StoreClock) {
        self.tier = tier
        self.storeClock = storeClock
        clock = options.clock
        time = options.time
        breaker = Mutex(CircuitBreaker(options.sharedBreaker))
    }

    /// Whether answers count now.
    var isOpen: Bool { pass != nil }

    /// What a lookup goes by now; `nil` while answers do not count.
    var pass: SharedGate.Pass? {
        let connection = tier.connection
        return gate.withLock { $0.pass(at: time.latest(), by: connection) }
    }

    /// Asks the tier something, unless the breaker leaves it alone.
    func ask<Value: Sendable>(
        _ body: (any SharedCacheTier) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        if case .skip = breaker.withLock({ $0.permission(at: time.latest()) }) {
            throw StoreError(.unavailable, "the shared tier failed several times and is left alone for a moment")
        }
        do throws(StoreError) {
            let value = try await body(tier)
            breaker.withLock { $0.report(.answered, at: time.latest()) }
            return value
        } catch {
            breaker.withLock { $0.report(error.code == .cancelled ? .abandoned : .failed, at: time.latest()) }
            throw error
        }
    }

    /// Does what must be done although the task that began it is cancelled: who waits for a lease or behind a mark would
    /// wait until its time is over.
    func uncancelled<Value: Sendable>(_ body: @escaping @Sendable (SharedLevel) async -> Value) async -> Value {
        // Cancellation does not reach a task of its own; it is awaited here, so it does not outlive the call either.
        await Task { await body(self) }.value
    }

    /// Takes away what may have come of a command whose answer did not. Nobody waits for that: the tier may be away, and
    /// who asked has waited for it once. It goes by the connection of the command, behind it.
    func tidy(_ body: @escaping @Sendable (any SharedCacheTier) async throws -> Void) {
        Task.detached { [tier] in try? await body(tier) }
    }

    /// Lets no answer count until the tier is known to be in step again.
    func close() {
        gate.withLock { $0.close() }
    }

    /// How many values there are; `nil` when the tier cannot be asked.
    func count() async -> Int? {
        guard let pass else { return nil }
        // Without the breaker: it takes long, and the lookups meanwhile say how the tier does.
        return try? await tier.count(in: pass.epoch)
    }

    /// Hears no more, and lets go of the connections.
    func end() {
        subscription.withLock { subscription in
            subscription?.close()
            subscription = nil
        }
        tier.close()
    }
}
