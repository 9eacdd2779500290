internal import MillraceCore
internal import Tracing

/// A settlement, and the span of the run that it ends.
struct Traced<Settlement: Sendable>: Sendable {
    let settlement: Settlement
    /// `nil` when nobody looks, or nothing was run.
    let span: ServiceContext?

    init(_ settlement: Settlement, span: (any Span)? = nil) {
        self.settlement = settlement
        self.span = span?.context
    }

    /// The settlement of an item that was told to end, in the trace that it came from.
    init(_ settlement: Settlement, from headers: [String: String]?) {
        self.settlement = settlement
        span = Spans.areKept ? headers.map(TraceHeaders.context) : nil
    }

    private init(_ settlement: Settlement, context: ServiceContext?) {
        self.settlement = settlement
        span = context
    }

    /// Another settlement of the same run.
    func with(_ other: Settlement) -> Traced {
        Traced(other, context: span)
    }
}
