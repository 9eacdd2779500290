internal import Logging
internal import MillraceCore

/// Runs the jobs of one type, whatever its payload is.
protocol JobExecutor: Sendable {
    /// How long a run may take when the job does not say; `nil` for as long as it likes.
    var timeout: Duration? { get }

    /// Runs a job; `nil` when it has settled itself.
    func execute(_ context: JobContext) async throws -> JobSettlement.Outcome?
}

/// Decodes the payload for a handler and encodes what it returns.
struct HandlerExecutor<Handler: JobHandler>: JobExecutor {
    let handler: Handler

    var timeout: Duration? { handler.timeout }

    func execute(_ context: JobContext) async throws -> JobSettlement.Outcome? {
        let payload = try PermanentFailure.wrapping { () throws(InvalidValue) in
            try context.job.payload.decode(Handler.Payload.self)
        }
        let output = try await handler.run(payload, in: context)
        if Handler.Output.self == SettledByHandler.self { return nil }
        if Handler.Output.self == NoResult.self { return .completed(result: nil) }
        let result = try PermanentFailure.wrapping { () throws(InvalidValue) in try JSONText(encoding: output) }
        return .completed(result: result)
    }
}

/// Another try would fail in the same way.
struct PermanentFailure: RetryAdvising, CustomStringConvertible {
    let description: String
    var isRetryable: Bool { false }

    static func wrapping<Value>(_ body: () throws(InvalidValue) -> Value) throws -> Value {
        do throws(InvalidValue) {
            return try body()
        } catch {
            throw PermanentFailure(description: error.description)
        }
    }
}
