import MillraceCore
import MillraceTesting
import Testing

@Suite struct ManualClockTests {
    let clock = ManualClock()

    @Test func `both times move together`() {
        let wall: any WallClock = clock
        let before = wall.now()
        let instant = clock.now
        clock.advance(by: .milliseconds(1_500))
        #expect(wall.now() - before == .milliseconds(1_500))
        #expect(instant.duration(to: clock.now) == .milliseconds(1_500))
        #expect(clock.timeOfDay == wall.now())
    }

    @Test func `sleepers wake in the order of their time, only when it has come`() async throws {
        let woken = Recorded<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    woken.change { $0.append(seconds) }
                }
            }
            try await clock.waitForSleepers(3)
            for seconds in 1...3 {
                #expect(woken.value == Array(1..<seconds))
                clock.advance(by: .seconds(1))
                try await group.next()
            }
        }
        #expect(woken.value == [1, 2, 3])
    }

    @Test func `run loops that take any clock sleep on it`() async throws {
        let anyClock: any Clock<Duration> = clock
        async let sleeping: Void = anyClock.sleep(for: .seconds(60))
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(60))
        try await sleeping
    }

    @Test func `a time that has passed is no sleep`() async throws {
        try await clock.sleep(until: clock.now)
        #expect(clock.sleeperCount == 0)
    }

    @Test func `a sleeper can be cancelled`() async throws {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(for: .seconds(1)) }
            try? await clock.waitForSleepers(1)
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(clock.sleeperCount == 0)
    }

    @Test func `a task that is cancelled already does not sleep`() async {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { try await clock.sleep(for: .seconds(1)) }
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test func `waiting for sleepers can be cancelled`() async {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.waitForSleepers(1) }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }
}
