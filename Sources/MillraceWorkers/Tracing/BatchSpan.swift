internal import MillraceCore
internal import Tracing

/// The span of a batch that is claimed or settled: of many traces and in none, so it has links and no parent.
///
/// It is made when the batch has ended: a look that found nothing leaves none.
struct BatchSpan {
    private let name: String
    private let worker: WorkerID
    private let start: DefaultTracerClock.Timestamp?

    /// Begins now, if anybody looks.
    init(_ name: String, by worker: WorkerID) {
        self.name = name
        self.worker = worker
        start = Spans.areKept ? DefaultTracerClock.now : nil
    }

    /// Ends with so many items; their contexts are only asked for if anybody looks.
    func end(count: Int, lost: Int? = nil, links: () -> [ServiceContext]) {
        guard let start, count > 0 else { return }
        let span = span(from: start, count: count)
        if let lost { span.attributes["millrace.lost"] = lost }
        for context in links() { span.addLink(SpanLink(context: context, attributes: [:])) }
        span.end()
    }

    /// Ends with an error.
    func fail(_ error: StoreError, count: Int? = nil) {
        guard let start, error.code != .cancelled else { return }
        let span = span(from: start, count: count)
        span.fail(error)
        span.end()
    }

    private func span(from start: DefaultTracerClock.Timestamp, count: Int?) -> any Span {
        let span = startSpan(name, context: .topLevel, ofKind: .client, at: start)
        span.attributes["millrace.worker.id"] = "\(worker)"
        if let count { span.attributes["millrace.count"] = count }
        return span
    }
}
