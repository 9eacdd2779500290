import MillraceCore
import Synchronization
import Testing

@testable import MillraceSpeech

@Suite final class SharedWorkTests: Sendable {
    private let work = SharedWork<String>()
    private let runs = Mutex(0)
    private let gate = Mutex(false)

    private func open() { gate.withLock { $0 = true } }

    /// Counts itself, and goes on when the gate is open.
    private func once(_ error: TranscriptionError? = nil) async throws(TranscriptionError) {
        runs.withLock { $0 += 1 }
        while !gate.withLock({ $0 }) {
            if Task.isCancelled { throw .cancelledTask }
            await Task.yield()
        }
        if let error { throw error }
    }

    private func attempt(_ error: TranscriptionError? = nil) async -> TranscriptionError.Code? {
        do throws(TranscriptionError) {
            try await work.run("a") { () async throws(TranscriptionError) in try await once(error) }
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: [nil, TranscriptionError(.changed, "it changed")])
    func `is done once for all who want it at the same time, and all get what it got`(
        error: TranscriptionError?
    ) async {
        let codes = await withTaskGroup(of: TranscriptionError.Code?.self) { group in
            for _ in 0..<20 { group.addTask { await self.attempt(error) } }
            await eventually { runs.withLock { $0 } == 1 && work.waiting(for: "a") == 19 }
            open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: error?.code, count: 20))
        #expect(runs.withLock { $0 } == 1)
        #expect(await self.attempt() == nil)
        #expect(runs.withLock { $0 } == 2)
    }

    @Test func `another does it when the first is cancelled`() async {
        let first = Task { await self.attempt() }
        await eventually { runs.withLock { $0 } == 1 }
        let second = Task { await self.attempt() }
        await eventually { work.waiting(for: "a") == 1 }
        first.cancel()
        #expect(await first.value == .cancelled)
        await eventually { runs.withLock { $0 } == 2 }
        open()
        #expect(await second.value == nil)
    }

    @Test func `who is cancelled does not wait`() async {
        let first = Task { await self.attempt() }
        await eventually { runs.withLock { $0 } == 1 }
        let second = Task { await self.attempt() }
        await eventually { work.waiting(for: "a") == 1 }
        second.cancel()
        #expect(await second.value == .cancelled)
        #expect(runs.withLock { $0 } == 1)
        open()
        #expect(await first.value == nil)
    }
}
