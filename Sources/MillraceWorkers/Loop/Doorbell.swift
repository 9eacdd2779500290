/// Wakes one loop that waits for work; rings before the wait are remembered as one.
struct Doorbell: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func ring() {
        continuation.yield()
    }

    /// Waits for the next ring, or for the task's cancellation.
    func wait() async {
        for await _ in stream { return }
    }
}
