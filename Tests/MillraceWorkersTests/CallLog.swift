import MillraceCore
import Synchronization

/// Remembers the calls of a store, and lets a test hold one back or make it fail.
final class CallLog: Sendable {
    typealias Hook = @Sendable (StoreCall) async throws(StoreError) -> Void

    private let state = Mutex<(calls: [StoreCall], hook: Hook?)>(([], nil))

    /// Runs before every call from now on.
    func before(_ hook: Hook?) {
        state.withLock { $0.hook = hook }
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
}
