internal import MillraceCore
internal import Tracing

/// The span of a walk over the tiers: which of them had the value, never whose value it is.
///
/// A walk begins where memory ends: what memory answers leaves no span, as a look at the task for its trace would cost a
/// third of the answer. A walk is a part of what somebody is doing: without a trace that it belongs to it begins none.
enum CacheWalk {
    /// Runs the part of a walk that leaves memory.
    static func traced(
        _ walk: () async throws(StoreError) -> CacheHit?
    ) async throws(StoreError) -> CacheHit? {
        guard isTraced else { return try await walk() }
        let span = start()
        do throws(StoreError) {
            let hit = try await walk()
            span.end(hit)
            return hit
        } catch {
            span.end(error)
            throw error
        }
    }

    private static var isTraced: Bool {
        ServiceContext.current != nil && !(InstrumentationSystem.instrument is NoOpInstrument)
    }

    private static func start() -> any Span {
        startSpan("cache walk")
    }
}

extension Span {
    fileprivate func end(_ hit: CacheHit?) {
        attributes["millrace.cache.tier"] = hit?.tier.rawValue ?? "none"
        end()
    }

    fileprivate func end(_ error: StoreError) {
        // The code alone: a message may quote what failed.
        recordError(StoreError(error.code, "\(error.code)"))
        setStatus(SpanStatus(code: .error))
        end()
    }
}
