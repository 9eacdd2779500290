internal import MillraceCore
internal import Tracing

/// A settlement, with the span of the run that it ends and what counts its outcome.
struct Traced<Settlement: Sendable>: Sendable {
    let settlement: Settlement
    /// `nil` when nobody looks, or nothing was run.
    let span: ServiceContext?
    /// `nil` when nobody measures, or no more is known of the item than its lease.
    let tally: Tally?

    init(_ settlement: Settlement, span: (any Span)? = nil, tally: Tally? = nil) {
        self.init(settlement, context: span?.context, tally: tally)
    }

    /// The settlement of an item that was told to end, in the trace that it came from.
    init(_ settlement: Settlement, from headers: [String: String]?, tally: Tally? = nil) {
        self.init(settlement, context: Spans.areKept ? headers.map(TraceHeaders.context) : nil, tally: tally)
    }

    private init(_ settlement: Settlement, context: ServiceContext?, tally: Tally?) {
        self.settlement = settlement
        span = context
        self.tally = tally
    }

    /// Another settlement of the same run.
    func with(_ other: Settlement) -> Traced {
        Traced(other, context: span, tally: tally)
    }
}
