/// An error that knows whether the same work may succeed on another try.
///
/// Errors of other kinds are taken to be worth one.
public protocol RetryAdvising: Error {
    /// Whether another try may succeed.
    var isRetryable: Bool { get }
}

extension StoreError: RetryAdvising {}
extension TranscriptionError: RetryAdvising {}
