import InMemoryTracing
import Tracing

extension InMemoryTracer {
    /// The finished spans of a name, in the order of their ends.
    func spans(_ name: String) -> [FinishedInMemorySpan] {
        finishedSpans.filter { $0.operationName == name }
    }
}

extension FinishedInMemorySpan {
    subscript(_ attribute: String) -> SpanAttribute? { attributes.get(attribute) }

    /// The spans that it is linked to.
    var linkedSpanIDs: Set<String> { Set(links.compactMap { $0.context.inMemorySpanContext?.spanID }) }

    /// Everything that is said in the span, for those who look for what must not be.
    var content: String { "\(operationName) \(attributes) \(events) \(errors) \(links.map(\.attributes))" }
}
