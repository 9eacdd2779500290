internal import MillraceCore
internal import Synchronization

/// What `value` of a cache promises.
enum CacheLoadRules {
    struct LoaderFailure: Error {}

    static let all: [ContractRule<CacheFixture>] = [
        ContractRule("a value that no tier has is made, and kept") { fixture in
            let made = try await fixture.cache.value(for: .sample, ttl: fixture.ttl(10)) { .text("a") }
            try requireEqual(made, CacheLoad(value: .text("a"), tier: nil), "the value that is made")
            let entry = try requireValue(try await fixture.store.entry(.sample), "the made value in the store")
            try requireEqual(entry.expiresAt, fixture.now + .seconds(10), "its end in the store")
            let kept = try await fixture.cache.value(for: .sample, ttl: fixture.ttl(10)) { .text("b") }
            try requireEqual(kept.value, .text("a"), "the value that is kept")
            try require(kept.tier != nil, "a kept value must name its tier")
        },
        ContractRule("however many ask at once, one load runs, and all get what it made") { fixture in
            let loads = LoadLog()
            let values = try await concurrently(20) { _ in
                loads.note(.joining)
                return try await fixture.cache.value(for: .sample, ttl: .standard) {
                    loads.note(.begun)
                    // Until all others come, and long enough for what they find.
                    while loads.count(.joining) < 20, loads.patience() { await Task.yield() }
                    for _ in 0..<200 { await Task.yield() }
                    return .text("load \(loads.count(.begun))")
                }
            }
            try requireEqual(Set(values.map(\.value)), [.text("load 1")], "the values that all got")
            try requireEqual(loads.count(.begun), 1, "the number of loads")
        },
        ContractRule("loads of different keys do not wait for each other") { fixture in
            let begun = LoadLog()
            let values = try await concurrently(2) { number in
                try await fixture.cache.value(for: CacheKey(stored: "key \(number)"), ttl: .standard) {
                    begun.note(.begun)
                    while begun.count(.begun) < 2 {
                        guard begun.patience() else {
                            begun.note(.gaveUp)
                            break
                        }
                        await Task.yield()
                    }
                    return .text("\(number)")
                }
            }
            try requireEqual(begun.count(.gaveUp), 0, "loads that waited for another key's")
            try requireEqual(Set(values.map(\.value)), [.text("0"), .text("1")], "the values")
        },
        ContractRule("a load that fails says why, and its failure is not cached") { fixture in
            do {
                _ = try await fixture.cache.value(for: .sample, ttl: .standard) { throw LoaderFailure() }
                throw ContractViolation("a failed load gave a value")
            } catch let error as StoreError {
                try requireEqual(error.code, .loadFailed, "the error of a failed load")
                try require(error.cause is LoaderFailure, "the cause is \(String(describing: error.cause))")
            }
            try requireEqual(try await fixture.cache.get(.sample), nil, "the value after a failed load")
            let made = try await fixture.cache.value(for: .sample, ttl: .standard) { .text("a") }
            try requireEqual(made, CacheLoad(value: .text("a"), tier: nil), "the value of the next load")
        },
        ContractRule("the last waiter that is cancelled cancels the load") { fixture in
            let loads = LoadLog()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        _ = try await fixture.cache.value(for: .sample, ttl: .standard) { try await endless(loads) }
                    }
                }
                try await loads.wait(for: .begun)
                group.cancelAll()
                while let outcome = await group.nextResult() {
                    try await requireError(.cancelled, "waiting in a cancelled task") { try outcome.get() }
                }
            }
            try await loads.wait(for: .cancelled)
            try requireEqual(try await fixture.cache.get(.sample), nil, "the value of a cancelled load")
        },
        ContractRule("a load goes on for those who still wait when one is cancelled") { fixture in
            // Whether the second waits already cannot be seen from outside: it gets more time with each attempt.
            for attempt in 0..<8 {
                let loads = try await joinedLoad(fixture, CacheKey(stored: "key \(attempt)"), turns: 200 << attempt)
                if loads.count(.begun) == 1, loads.count(.cancelled) == 0 { return }
            }
            throw ContractViolation("the load was cancelled, or made twice, each time")
        },
        ContractRule("who asks in a task that is cancelled already starts no load") { fixture in
            let loads = LoadLog()
            try await requireError(.cancelled, "asking in a cancelled task") {
                try await cancelled {
                    _ = try await fixture.cache.value(for: .sample, ttl: .standard) {
                        loads.note(.begun)
                        return .text("a")
                    }
                }
            }
            try requireEqual(loads.count(.begun), 0, "the number of loads")
        },
    ]

    /// A load that ends only when it is cancelled.
    private static func endless(_ loads: LoadLog) async throws -> CacheValue {
        loads.note(.begun)
        while !Task.isCancelled {
            guard loads.patience() else { throw CancellationError() }
            await Task.yield()
        }
        loads.note(.cancelled)
        throw CancellationError()
    }

    /// Two wait for a load, and the first is cancelled so many turns after the second has asked.
    private static func joinedLoad(_ fixture: CacheFixture, _ key: CacheKey, turns: Int) async throws -> LoadLog {
        let loads = LoadLog()
        try await withThrowingTaskGroup(of: CacheLoad?.self) { group in
            group.addTask {
                try await withThrowingTaskGroup(of: CacheLoad.self) { impatient in
                    impatient.addTask { try await waitingLoad(fixture, key, loads) }
                    try await loads.wait(for: .joined)
                    impatient.cancelAll()
                    try await requireError(.cancelled, "waiting in a cancelled task") {
                        _ = try await impatient.next()
                    }
                }
                loads.note(.left)
                return nil
            }
            group.addTask {
                try await loads.wait(for: .begun)
                loads.note(.joining)
                do {
                    return try await waitingLoad(fixture, key, loads)
                } catch let error as StoreError {
                    throw ContractViolation("who still waited got an error: \(error)")
                }
            }
            try await loads.wait(for: .joining)
            for _ in 0..<turns { await Task.yield() }
            loads.note(.joined)
            var values: [CacheLoad] = []
            for try await value in group { if let value { values.append(value) } }
            try requireEqual(values.map(\.value), [.text("patient")], "what the patient one got")
        }
        return loads
    }

    /// Asks with a load that ends once the impatient one has left.
    private static func waitingLoad(
        _ fixture: CacheFixture, _ key: CacheKey, _ loads: LoadLog
    ) async throws -> CacheLoad {
        try await fixture.cache.value(for: key, ttl: .standard) {
            loads.note(.begun)
            while loads.count(.left) == 0 {
                if Task.isCancelled {
                    loads.note(.cancelled)
                    throw CancellationError()
                }
                guard loads.patience() else { return .text("too late") }
                await Task.yield()
            }
            // Whoever cancels it wrongly has time to.
            for _ in 0..<1_000 where !Task.isCancelled { await Task.yield() }
            if Task.isCancelled { loads.note(.cancelled) }
            return .text("patient")
        }
    }
}

/// What happened to loads, as their rules need to know it.
final class LoadLog: Sendable {
    enum Event: Hashable {
        case begun, joining, joined, left, cancelled, gaveUp
    }

    private let events = Mutex<[Event: Int]>([:])
    private let turns = Atomic<Int>(0)
    private let began = ContinuousClock.now

    func note(_ event: Event) {
        events.withLock { $0[event, default: 0] += 1 }
    }

    func count(_ event: Event) -> Int {
        events.withLock { $0[event] ?? 0 }
    }

    /// `false` once a rule has taken so many turns, for so long, that what it waits for will not happen.
    ///
    /// Both count: on a busy machine seconds pass without a turn, on an idle one turns without a second.
    func patience() -> Bool {
        turns.add(1, ordering: .relaxed).newValue < 200_000 || began.duration(to: .now) < ContractPatience.limit
    }

    /// Waits for something to happen.
    func wait(for event: Event) async throws {
        while count(event) == 0 {
            try Task.checkCancellation()
            guard patience() else { throw ContractViolation("a load was never \(event)") }
            await Task.yield()
        }
    }
}
