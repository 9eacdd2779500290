internal import MillraceCore
internal import Synchronization

/// The authority of a cache behind circuit breakers: when it is down, nobody waits for it again and again.
///
/// Reading and writing have one each, because a store may be full or read-only and still answer.
final class GuardedStore: Sendable {
    let store: any CacheStore
    private let time: SteadyTime
    private let reading: Mutex<CircuitBreaker>
    private let writing: Mutex<CircuitBreaker>

    init(_ store: any CacheStore, time: SteadyTime, settings: CircuitBreaker.Settings) {
        self.store = store
        self.time = time
        reading = Mutex(CircuitBreaker(settings))
        writing = Mutex(CircuitBreaker(settings))
    }

    func read<Value>(
        _ body: (any CacheStore) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try require(reading.withLock { $0.permission(at: time.latest()) })
        do throws(StoreError) {
            let value = try await body(store)
            reading.withLock { $0.report(.answered, at: time.latest()) }
            return value
        } catch {
            reading.withLock { $0.report(Self.result(error), at: time.latest()) }
            throw error
        }
    }

    func write<Value>(
        _ body: (any CacheStore) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try require(writing.withLock { $0.permission(at: time.latest()) })
        do throws(StoreError) {
            let value = try await body(store)
            writing.withLock { $0.report(.answered, at: time.latest()) }
            return value
        } catch {
            writing.withLock { $0.report(Self.result(error), at: time.latest()) }
            throw error
        }
    }

    private func require(_ permission: CircuitBreaker.Permission) throws(StoreError) {
        guard case .skip(let pause) = permission else { return }
        let seconds = max(1, Int(pause.inSeconds.rounded(.up)))
        throw StoreError(
            .unavailable, "the store of the cache failed several times and is left alone; try again in \(seconds) s")
    }

    private static func result(_ error: StoreError) -> CircuitBreaker.Result {
        switch error.code {
        case .cancelled: .abandoned
        case .unavailable, .busy, .full, .readOnly, .corrupted, .unexpected: .failed
        default: .answered
        }
    }
}
