import MillraceCore
import Synchronization

/// Remembers the calls of a store, and lets a test hold one back or make it fail.
final class CallLog: Sendable {
    typealias Hook = @Sendable (StoreCall) async throws(StoreError) -> Void

    private struct State {
        var calls: [StoreCall] = []
        var hook: Hook?
        var hookAfter: Hook?
        var refusal: (@Sendable (JobSettlement) -> Bool)?
    }

    private let state = Mutex<State>(State())

    /// Runs before every call from now on.
    func before(_ hook: Hook?) {
        state.withLock { $0.hook = hook }
    }

    /// Runs after every claim from now on, when it is done and before its answer.
    func after(_ hook: Hook?) {
        state.withLock { $0.hookAfter = hook }
    }

    /// Refuses such settlements for good from now on.
    func refuse(_ refusal: @escaping @Sendable (JobSettlement) -> Bool) {
        state.withLock { $0.refusal = refusal }
    }

    func isRefused(_ settlement: JobSettlement) -> Bool {
        state.withLock { $0.refusal }?(settlement) ?? false
    }

    func count(where isCounted: (StoreCall) -> Bool) -> Int {
        state.withLock { $0.calls.count(where: isCounted) }
    }

    func note(_ call: StoreCall) async throws(StoreError) {
        let hook = state.withLock { state in
            state.calls.append(call)
            return state.hook
        }
        try await hook?(call)
    }

    func noteEnd(of call: StoreCall) async throws(StoreError) {
        try await state.withLock { $0.hookAfter }?(call)
    }
}
