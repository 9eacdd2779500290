package import Tracing

/// The trace of a piece of work, as the headers that its row keeps while it waits.
package enum TraceHeaders {
    /// The headers of a context; `nil` when it belongs to no trace, or nobody traces.
    package static func of(_ context: ServiceContext) -> [String: String]? {
        var headers: [String: String] = [:]
        InstrumentationSystem.instrument.inject(context, into: &headers, using: Dictionary.Headers())
        return headers.isEmpty ? nil : headers
    }

    /// The context that headers name.
    static func context(of headers: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        InstrumentationSystem.instrument.extract(headers, into: &context, using: Dictionary.Headers())
        return context
    }

    /// The identity of the trace that a piece of work came in, or else of the span that it runs in.
    static func traceID(of headers: [String: String]?, or span: (any Span)?) -> String? {
        traceID(of: headers) ?? span.flatMap { traceID(of: of($0.context)) }
    }

    /// The identity of a trace, from the header of W3C Trace Context; `nil` with another kind of headers.
    static func traceID(of headers: [String: String]?) -> String? {
        let parts = headers?["traceparent"]?.split(separator: "-") ?? []
        guard parts.count >= 4, parts[1].utf8.count == 32 else { return nil }
        return String(parts[1])
    }
}

extension [String: String] {
    fileprivate struct Headers: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }
}
