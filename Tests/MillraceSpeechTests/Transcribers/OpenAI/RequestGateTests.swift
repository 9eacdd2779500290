import Logging
import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillraceSpeech

@Suite(.timeLimit(.minutes(5))) struct RequestGateTests {
    /// Those who were let through, in order.
    private final class Passed: Sendable {
        private let passed = Mutex<[Int]>([])
        func note(_ number: Int) { passed.withLock { $0.append(number) } }
        var numbers: [Int] { passed.withLock { $0 } }
    }

    private let clock = ManualClock()

    private func gate(atOnce: Int, limit: Duration = .seconds(3_600)) -> RequestGate {
        RequestGate(
            RequestPace.Settings(
                mostAtOnce: atOnce, backoff: .fixed(.seconds(1)), longestLimit: limit, longestOutage: .seconds(600)),
            time: MonotonicTime(clock), logger: Logger(label: "gate", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func `a limit holds back everybody until its time, at no cost but the wait`() async throws {
        let gate = gate(atOnce: 4)
        let refused = try await gate.enter()
        gate.leave(refused, .limited(retryAfter: .seconds(30)))
        let passed = Passed()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    let ticket = try await gate.enter()
                    passed.note(number)
                    gate.leave(ticket, .success)
                }
            }
            try await clock.waitForSleepers(3)
            clock.advance(by: .milliseconds(29_999))
            #expect(passed.numbers.isEmpty && clock.sleeperCount == 3)
            clock.advance(by: .milliseconds(1))
            try await group.waitForAll()
        }
        #expect(passed.numbers.count == 3)
        #expect(gate.traffic.requests == 4 && gate.traffic.refused == 1)
        #expect(gate.traffic.waits == 3 && gate.traffic.waited == .seconds(90))
    }

    @Test func `those in the queue go one by one as others end, the first first`() async throws {
        let gate = gate(atOnce: 1)
        let held = try await gate.enter()
        let passed = Passed()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    let ticket = try await gate.enter()
                    passed.note(number)
                    gate.leave(ticket, .success)
                }
                await eventually { gate.queued == number + 1 }
            }
            gate.leave(held, .success)
            try await group.waitForAll()
        }
        #expect(passed.numbers == [0, 1, 2, 3, 4])
    }

    @Test func `a limit that comes while others queue makes them wait for its time`() async throws {
        let gate = gate(atOnce: 1)
        let held = try await gate.enter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { gate.leave(try await gate.enter(), .success) }
            }
            await eventually { gate.queued == 3 }
            gate.leave(held, .limited(retryAfter: .seconds(5)))
            try await clock.waitForSleepers(3)
            #expect(gate.queued == 0)
            clock.advance(by: .seconds(5))
            try await group.waitForAll()
        }
        #expect(gate.traffic.requests == 4)
    }

    @Test func `a wait and a place in the queue end with their task`() async throws {
        let gate = gate(atOnce: 1)
        let held = try await gate.enter()
        let codes = await withTaskGroup(of: TranscriptionError.Code?.self) { group in
            for _ in 0..<3 { group.addTask { await code(of: gate) } }
            await eventually { gate.queued == 3 }
            group.cancelAll()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == [.cancelled, .cancelled, .cancelled])
        gate.leave(held, .limited(retryAfter: .seconds(5)))
        let late = await withTaskGroup(of: TranscriptionError.Code?.self) { group in
            group.addTask { await code(of: gate) }
            try? await clock.waitForSleepers(1)
            group.cancelAll()
            return await group.next()
        }
        #expect(late == .cancelled)
        clock.advance(by: .seconds(5))
        // Nobody who left has kept a place.
        gate.leave(try await gate.enter(), .success)
    }

    @Test func `a limit beyond all patience is a clear end`() async throws {
        let gate = gate(atOnce: 1, limit: .seconds(60))
        gate.leave(try await gate.enter(), .limited(retryAfter: .seconds(7_200)))
        await #expect {
            _ = try await gate.enter()
        } throws: {
            let error = $0 as? TranscriptionError
            return error?.isRetryable == false && error?.code == .engineUnavailable
                && error?.message.contains("in 120 min or later") == true
        }
    }

    private func code(of gate: RequestGate) async -> TranscriptionError.Code? {
        do throws(TranscriptionError) {
            _ = try await gate.enter()
            return nil
        } catch {
            return error.code
        }
    }
}
