import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

/// A tier that is closed opens with the next answer of the store, whoever writes meanwhile.
@Suite(.timeLimit(.minutes(5))) struct SharedReopeningTests {
    private let fleet = SharedFleet()

    /// Opens a cache; something happens when the store has answered.
    private func open(_ cache: TieredCache, meanwhile: @escaping @Sendable () async -> Void) async throws {
        fleet.store.after(.changes) { [store = fleet.store] () async throws(StoreError) in
            store.after(.changes, nil)
            await meanwhile()
        }
        _ = try await cache.get(key("unused"))
    }

    private func fill(_ names: [String]) async throws {
        let other = fleet.machine()
        for name in names { try await other.put(key(name), value("1"), ttl: .standard) }
    }

    @Test func `what is written here while the store is asked keeps no tier closed, and nothing older is served`()
        async throws
    {
        try await fill(["a", "b", "c", "d"])
        let cache = fleet.machine()
        let pattern = try CachePattern("d")
        try await open(cache) { [store = fleet.store] in
            _ = try? await cache.put(key("a"), value("2"), ttl: .standard)
            _ = try? await cache.delete(key("b"))
            // As an invalidation begins; before it purges it asks the store again, and would wait for this answer.
            guard let rule = try? await store.invalidate(pattern) else { return }
            await cache.shared?.announce(pattern, version: rule.version)
        }
        #expect(cache.shared?.isOpen == true)
        cache.memory.removeAll()
        #expect(try await cache.get(key("a"))?.value == value("2"))
        #expect(try await cache.get(key("b")) == nil)
        #expect(try await cache.get(key("d")) == nil)
        #expect(try await fleet.tier(of: "c", by: cache) == .l2)
    }

    @Test func `a write that began with the tier closed and ends with it open does not close it`() async throws {
        try await fill(["a", "c"])
        let cache = fleet.machine()
        let (isAsked, isWritten) = (Gate(), Gate())
        fleet.store.after(.put) { () async throws(StoreError) in
            isWritten.open()
            try? await eventually { cache.shared?.isOpen == true }
        }
        let writing = Task {
            await isAsked.wait()
            return try await cache.put(key("a"), value("2"), ttl: .standard)
        }
        try await open(cache) {
            isAsked.open()
            await isWritten.wait()
        }
        _ = try await writing.value
        #expect(cache.shared?.isOpen == true)
        cache.memory.removeAll()
        #expect(try await cache.get(key("a"))?.value == value("2"))
        #expect(try await fleet.tier(of: "c", by: cache) == .l2)
    }
}
