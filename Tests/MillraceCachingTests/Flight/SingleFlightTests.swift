import MillraceCore
import Testing

@testable import MillraceCaching

@Suite(.timeLimit(.minutes(5))) struct SingleFlightTests {
    private let flights = SingleFlight<String, Int>()
    private let loads = Counter()
    private let cancelled = Counter()
    private let gate = Gate()

    /// Asks for a value that is there when the gate opens.
    private func ask(_ key: String = "key", value: Int = 7) async throws(StoreError) -> Int {
        try await flights.value(for: key) { [loads, cancelled, gate] _ in
            loads.increment()
            await gate.wait()
            if Task.isCancelled { cancelled.increment() }
            return value
        }
    }

    @Test func `a thousand callers at once run one load and all get its value`() async throws {
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<1_000 { group.addTask { try await ask() } }
            try await eventually { flights.waiterCount(for: "key") == 1_000 }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 7, count: 1_000))
        #expect(loads.value == 1)
        #expect(flights.waiterCount(for: "key") == 0)
    }

    @Test func `different keys have loads of their own`() async throws {
        gate.open()
        async let first = ask("first", value: 1)
        async let second = ask("second", value: 2)
        #expect(try await [first, second] == [1, 2])
        #expect(loads.value == 2)
    }

    @Test func `a failure reaches all who wait and is not kept`() async throws {
        let codes = await withTaskGroup(of: StoreError.Code?.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    do throws(StoreError) {
                        _ = try await flights.value(for: "key") { [loads, gate] _ async throws(StoreError) -> Int in
                            loads.increment()
                            await gate.wait()
                            throw StoreError(.loadFailed, "no engine")
                        }
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            try? await eventually { flights.waiterCount(for: "key") == 100 }
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: .loadFailed, count: 100))
        #expect(loads.value == 1)
        #expect(try await ask() == 7)
        #expect(loads.value == 2)
    }

    @Test func `a waiter that is cancelled returns at once while the load goes on for the others`() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await ask() }
            try await eventually { flights.waiterCount(for: "key") == 1 }
            await withThrowingTaskGroup(of: Int.self) { impatient in
                impatient.addTask { try await ask() }
                try? await eventually { flights.waiterCount(for: "key") == 2 }
                impatient.cancelAll()
                // The gate is still closed, so only its cancellation can end the wait.
                await #expect { try await impatient.next() } throws: { ($0 as? StoreError)?.code == .cancelled }
            }
            #expect(flights.waiterCount(for: "key") == 1)
            gate.open()
            #expect(try await group.next() == 7)
        }
        #expect(loads.value == 1)
        #expect(cancelled.value == 0)
    }

    @Test func `the last waiter that is cancelled cancels the load, and who asks after that begins a new one`()
        async throws
    {
        await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<10 { group.addTask { try await ask(value: 1) } }
            try? await eventually { flights.waiterCount(for: "key") == 10 && loads.value == 1 }
            group.cancelAll()
        }
        #expect(flights.waiterCount(for: "key") == 0)
        try await eventually { cancelled.value == 1 }
        gate.open()
        #expect(try await ask(value: 2) == 2)
        #expect(loads.value == 2)
    }

    @Test func `a load that was given up and ends late does not reach those who began a new one`() async throws {
        let late = Gate()
        let isLate = Gate()
        await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await flights.value(for: "key") { _ in
                    // Deaf to cancellation: it goes on in a task that nobody cancels.
                    await Task.detached { await late.wait() }.value
                    defer { isLate.open() }
                    return 1
                }
            }
            try? await eventually { flights.waiterCount(for: "key") == 1 }
            group.cancelAll()
        }
        async let answer = ask(value: 2)
        try await eventually { flights.waiterCount(for: "key") == 1 && loads.value == 1 }
        late.open()
        await isLate.wait()
        #expect(flights.waiterCount(for: "key") == 1)
        gate.open()
        #expect(try await answer == 2)
    }

    @Test func `a load that read before a change reads once more, and then nobody joins it after a newer one`()
        async throws
    {
        let (read, reading) = (Gate(), Gate())
        async let answer = flights.value(for: "key") { [loads, gate] begin in
            reading.open()
            await read.wait()
            var looks = 1
            while !begin(5) { looks += 1 }
            loads.increment()
            await gate.wait()
            return looks
        }
        await reading.wait()
        flights.detach("key", olderThan: 9)
        #expect(flights.waiterCount(for: "key") == 1)
        read.open()
        try await eventually { loads.value == 1 }
        flights.detach("key", olderThan: 5)
        #expect(flights.waiterCount(for: "key") == 1)
        flights.detach("key", olderThan: 6)
        #expect(flights.waiterCount(for: "key") == 0)
        gate.open()
        #expect(try await answer == 2)
    }

    @Test func `who is cancelled before asking starts no load`() async throws {
        await withThrowingTaskGroup(of: Int.self) { group in
            group.cancelAll()
            group.addTask { try await ask() }
            await #expect { try await group.next() } throws: { ($0 as? StoreError)?.code == .cancelled }
        }
        #expect(loads.value == 0)
    }

    @Test func `callers that come and go at random leave nothing behind`() async throws {
        gate.open()
        await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<2_000 {
                group.addTask { try await ask("\(number % 7)", value: number % 7) }
                if number % 50 == 0 { group.cancelAll() }
            }
        }
        #expect((0..<7).allSatisfy { flights.waiterCount(for: "\($0)") == 0 })
        #expect(try await ask("3", value: 3) == 3)
    }
}
