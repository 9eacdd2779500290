import Logging
import MillraceCore
import Synchronization
import Testing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct WorkListenerTests {
    /// Announces what the test says, and fails as it says.
    private final class Announcer: WorkAnnouncing {
        enum Step: Sendable {
            case say(WorkAnnouncement)
            case fail(StoreError)
        }

        let calls = Mutex(0)
        private let steps = AsyncStream<Step>.makeStream()

        func step(_ step: Step) { steps.continuation.yield(step) }

        func announceWork(to listener: @escaping @Sendable (WorkAnnouncement) -> Void) async throws(StoreError) {
            calls.withLock { $0 += 1 }
            for await step in steps.stream {
                switch step {
                case .say(let announcement): listener(announcement)
                case .fail(let error): throw error
                }
            }
        }
    }

    private let announcer = Announcer()
    private let jobBell = WorkBell()
    private let chunkBell = WorkBell()
    private let listener: WorkListener

    init() {
        listener = WorkListener(
            announcer, jobBell: jobBell, chunkBell: chunkBell,
            logger: Logger(label: "worker", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private func listening(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { [listener] group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await listener.run() }
            }
            try await body()
            group.cancelAll()
        }
    }

    @Test func `each kind of work rings the bell of its loop, and both when listening begins`() async throws {
        try await listening {
            #expect(!listener.isListening)
            announcer.step(.say(.listening))
            await jobBell.wait()
            await chunkBell.wait()
            #expect(listener.isListening)
            announcer.step(.say(.jobs))
            await jobBell.wait()
            announcer.step(.say(.chunks))
            await chunkBell.wait()
        }
    }

    @Test func `what can be heard again is listened to again, and meanwhile work is asked for`() async throws {
        try await listening {
            announcer.step(.say(.listening))
            await jobBell.wait()
            announcer.step(.fail(StoreError(.unavailable, "gone")))
            try await eventually { !listener.isListening }
            try await eventually { announcer.calls.withLock { $0 } == 2 }
            announcer.step(.say(.listening))
            await jobBell.wait()
            #expect(listener.isListening)
        }
    }

    @Test func `what can never be heard is given up, and the worker works on`() async throws {
        try await listening {
            announcer.step(.fail(StoreError(.invalid, "a pooler")))
            announcer.step(.say(.jobs))
            try await eventually { announcer.calls.withLock { $0 } == 1 }
            for _ in 0..<1_000 { await Task.yield() }
            #expect(!listener.isListening)
            #expect(announcer.calls.withLock { $0 } == 1)
        }
    }
}
