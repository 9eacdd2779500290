import InMemoryTracing
import MillraceCaching
import MillraceCore
import MillraceTesting
import Testing
import Tracing

@Suite struct CacheWalkTests {
    private let clock = ManualClock()
    private let store: HeldStore
    private let cache: TieredCache
    private let tracer = InMemoryTracer()

    init() {
        store = HeldStore(clock: clock)
        cache = TieredCache(store: store, clock: clock)
    }

    /// Does something in a span, and returns the walks that were seen below it.
    private func walks(_ body: () async throws -> Void) async throws -> [FinishedInMemorySpan] {
        try await withTracer(tracer) {
            try await withSpan("work") { _ in try await body() }
        }
        let spans = tracer.popFinishedSpans()
        let work = try #require(spans.last)
        #expect(spans.dropLast().allSatisfy { $0.spanContext.parentSpanID == work.spanContext.spanID })
        return spans.dropLast()
    }

    private func tiers(_ body: () async throws -> Void) async throws -> [SpanAttribute?] {
        try await walks(body).map { walk in
            #expect(walk.operationName == "cache walk")
            return walk.attributes.get("millrace.cache.tier")
        }
    }

    @Test func `a walk is a span that says which tier had the value`() async throws {
        _ = try await store.put(key("a"), value("1"), ttl: .standard)
        #expect(try await tiers { _ = try await cache.get(key("a")) } == ["L3"])
        #expect(try await tiers { _ = try await cache.get(key("b")) } == ["none"])
    }

    @Test func `what memory answers leaves no span`() async throws {
        _ = try await cache.put(key("a"), value("1"), ttl: .standard)
        #expect(try await tiers { _ = try await cache.get(key("a")) }.isEmpty)
    }

    @Test func `of a value that is made the walk ends before the making begins`() async throws {
        let seen = try await walks {
            _ = try await cache.value(for: key("a"), ttl: .standard) {
                withSpan("making") { _ in value("1") }
            }
            _ = try await cache.value(for: key("a"), ttl: .standard) { value("2") }
        }
        #expect(seen.map(\.operationName) == ["cache walk", "making"])
        #expect(seen.map { $0.attributes.get("millrace.cache.tier") } == ["none", nil])
    }

    @Test func `a store that fails leaves its code on the span, and nothing else`() async throws {
        store.after(.entry) { () async throws(StoreError) in throw StoreError(.busy, "secret") }
        let walk = try #require(try await walks { _ = try? await cache.get(key("hidden")) }.first)
        #expect(walk.status?.code == .error)
        #expect(walk.errors.map { "\($0.error)" } == ["busy"])
        #expect(!"\(walk)".contains("secret") && !"\(walk)".contains("hidden"))
    }

    @Test func `without a trace that it belongs to a walk leaves no span`() async throws {
        try await withTracer(tracer) { _ = try await cache.get(key("a")) }
        #expect(tracer.finishedSpans.isEmpty && tracer.activeSpans.isEmpty)
        try await ServiceContext.withValue(.topLevel) { _ = try await cache.get(key("a")) }
        #expect(tracer.finishedSpans.isEmpty)
    }
}
