package import MillraceCore
package import Tracing

/// The spans of work that goes through a store.
package enum Spans {
    /// Whether anybody looks; without a tracer nothing is made for one.
    package static var areKept: Bool { !(InstrumentationSystem.instrument is NoOpInstrument) }

    /// Adds work to a store in a span, a part of what the task does, and hands on the headers for the rows.
    package static func enqueue<Value>(
        _ body: ((any Span)?, _ headers: [String: String]?) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        guard areKept else { return try await body(nil, nil) }
        let span = startSpan("enqueue", ofKind: .producer)
        defer { span.end() }
        do throws(StoreError) {
            return try await body(span, TraceHeaders.of(span.context))
        } catch {
            span.fail(error)
            throw error
        }
    }

    /// Runs a piece of work in a span, a part of the trace that it was enqueued in, wherever that was.
    static func item<Value>(
        _ name: @autoclosure () -> String, in headers: [String: String]?, _ body: ((any Span)?) async -> Value
    ) async -> Value {
        guard areKept else { return await body(nil) }
        let span = startSpan(
            name(), context: headers.map(TraceHeaders.context) ?? .topLevel, ofKind: .consumer)
        defer { span.end() }
        return await ServiceContext.withValue(span.context) { await body(span) }
    }
}

extension Span {
    /// Notes an error by its kind alone: what it says may quote a path, a payload or a secret.
    package func fail(_ error: any Error) {
        recordError(ErrorKind(error))
        setStatus(SpanStatus(code: .error))
    }
}

/// What kind of error it was, without what it says.
private struct ErrorKind: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        let code: (any CustomStringConvertible)? =
            switch error {
            case let error as StoreError: error.code
            case let error as TranscriptionError: error.code
            default: nil
            }
        description = "\(type(of: error))" + (code.map { ": \($0)" } ?? "")
    }
}
