public import MillraceCore
internal import Tracing

extension JobRequest {
    /// The same request in the trace of the task that asks, unless it belongs to one already.
    ///
    /// A repository of a factory does this by itself. It is for those who enqueue in a transaction of their own.
    public func inCurrentTrace() -> JobRequest {
        guard Spans.areKept, let context = ServiceContext.current else { return self }
        return carrying(TraceHeaders.of(context))
    }

    /// The same request with the headers of a trace, unless it has some.
    func carrying(_ headers: [String: String]?) -> JobRequest {
        guard traceContext == nil else { return self }
        var request = self
        request.traceContext = headers
        return request
    }
}
