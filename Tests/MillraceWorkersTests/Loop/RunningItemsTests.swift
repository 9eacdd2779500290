import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceWorkers

/// Items that are numbers, of a source that does nothing.
private struct Numbers: WorkSource {
    func claim(upTo limit: Int, alone: Bool) async throws(StoreError) -> [Int] { [] }
    func lease(of item: Int) -> Lease<Int> { Lease(id: item, token: .initial) }
    func timeout(of item: Int) -> Duration? { nil }
    func leases() async throws(StoreError) -> Set<Lease<Int>> { [] }
    func perform(_ item: Int) async -> Performance<String> { .settledItself }
    func settlement(of item: Int, after interruption: Interruption) -> String? { nil }
    func release(of lease: Lease<Int>) -> String { "\(lease.id)" }
    func failing(_ settlement: String, because error: StoreError) -> String { settlement }
    func settle(_ settlements: [String]) async throws(StoreError) {}
}

/// The state machine, and the tasks that it was given.
private struct Bench {
    enum Event: Sendable {
        /// An item begins; `isTold` when it is to end at once.
        case start(Int, timeout: Int? = nil, isTold: Bool = false)
        /// Items are told to end, of which those in `telling` had not been told before.
        case tell([Int], Interruption, telling: [Int])
        case close(Interruption, telling: [Int])
        /// The time-outs are looked at.
        case overdue(telling: [Int])
        case giveUp([Int])
        case end(Int)
        case wait(Int)
        /// What matters of the state.
        case expect(leases: [Int], nextCheck: Int?)
        /// What has ended since the last time, each with what it had been told.
        case endings([Int: Interruption?])
    }

    var items = RunningItems<Numbers>(grace: .seconds(10))
    var now = Duration.zero
    private var tasks: [Task<Void, Never>: Int] = [:]

    mutating func run(_ event: Event) {
        switch event {
        case .start(let item, let timeout, let isTold):
            let task = Task {}
            let told = items.start(
                item, lease: lease(item), timeout: timeout.map { .seconds($0) }, isAlone: false, in: task, at: now)
            tasks[task] = item
            #expect(told == (isTold ? [task] : []), "\(event)")
        case .tell(let told, let reason, let telling):
            expect(items.interrupt(told.map(lease), reason, at: now), telling, event)
        case .close(let reason, let telling):
            expect(items.close(reason, at: now), telling, event)
        case .overdue(let telling):
            expect(items.interruptOverdue(at: now), telling, event)
        case .giveUp(let givenUp):
            #expect(items.giveUp(at: now).map(\.lease.id).sorted() == givenUp, "\(event)")
        case .end(let item):
            items.end(lease(item), .ended("\(item)"))
        case .wait(let seconds):
            now += .seconds(seconds)
        case .expect(let leases, let nextCheck):
            #expect(items.leases.map(\.id).sorted() == leases, "\(event)")
            #expect(items.nextCheck == nextCheck.map { .seconds($0) }, "\(event)")
        case .endings(let expected):
            let endings = items.takeEndings().map { ($0.item, $0.interruption) }
            #expect(Dictionary(uniqueKeysWithValues: endings) == expected, "\(event)")
        }
    }

    private func lease(_ item: Int) -> Lease<Int> { Lease(id: item, token: .initial) }

    private func expect(_ cancelled: [Task<Void, Never>], _ items: [Int], _ event: Event) {
        #expect(cancelled.compactMap { tasks[$0] }.sorted() == items, "\(event)")
    }
}

@Suite struct RunningItemsTests {
    struct Story: Sendable, CustomTestStringConvertible {
        let testDescription: String
        fileprivate let events: [Bench.Event]

        fileprivate init(_ name: String, _ events: [Bench.Event]) {
            testDescription = name
            self.events = events
        }
    }

    static let stories = [
        Story(
            "who ends by itself was told nothing",
            [.start(1), .expect(leases: [1], nextCheck: nil), .end(1), .endings([1: nil]), .endings([:])]),
        Story(
            "who was told keeps the first reason",
            [
                .start(1), .start(2), .tell([1], .revoked, telling: [1]), .tell([1, 2], .stopped, telling: [2]),
                .expect(leases: [], nextCheck: 10), .end(1), .end(2), .endings([1: .revoked, 2: .stopped]),
            ]),
        Story(
            "who is not there is told nothing",
            [
                .tell([7], .revoked, telling: []), .end(7), .endings([:]), .start(7), .end(7),
                .tell([7], .revoked, telling: []), .endings([7: nil]),
            ]),
        Story(
            "time-outs come when they are due, once",
            [
                .start(1, timeout: 5), .start(2, timeout: 8), .start(3), .expect(leases: [1, 2, 3], nextCheck: 5),
                .wait(4), .overdue(telling: []), .wait(1), .overdue(telling: [1]), .overdue(telling: []),
                .expect(leases: [2, 3], nextCheck: 8), .wait(3), .overdue(telling: [2]),
                .expect(leases: [3], nextCheck: 15), .end(1), .end(2),
                .endings([1: .timedOut(after: .seconds(5)), 2: .timedOut(after: .seconds(8))]),
            ]),
        Story(
            "who was told already does not time out",
            [
                .start(1, timeout: 5), .tell([1], .revoked, telling: [1]), .wait(6), .overdue(telling: []), .end(1),
                .endings([1: .revoked]),
            ]),
        Story(
            "a time-out counts from the start of its item",
            [.wait(100), .start(1, timeout: 5), .expect(leases: [1], nextCheck: 105), .overdue(telling: [])]),
        Story(
            "who goes on after the time of grace is given up, and its end is no news",
            [
                .start(1), .start(2), .tell([1], .stopped, telling: [1]), .wait(9), .giveUp([]), .wait(1),
                .giveUp([1]), .giveUp([]), .endings([1: .stopped]), .end(1), .endings([:]),
                .expect(leases: [2], nextCheck: nil),
            ]),
        Story(
            "after the close everything is told, what comes later too",
            [
                .start(1), .start(2), .tell([1], .timedOut(after: .seconds(1)), telling: [1]),
                .close(.stopped, telling: [2]), .start(3, isTold: true), .expect(leases: [], nextCheck: 10),
                .wait(10), .giveUp([1, 2, 3]),
                .endings([1: .timedOut(after: .seconds(1)), 2: .stopped, 3: .stopped]),
            ]),
        Story(
            "a second close gives what comes later its own reason",
            [
                .start(1), .close(.stopped, telling: [1]), .close(.revoked, telling: []), .start(2, isTold: true),
                .end(1), .end(2), .endings([1: .stopped, 2: .revoked]),
            ]),
    ]

    @Test(arguments: stories)
    func `it decides who is told, and who is given up`(story: Story) {
        var bench = Bench()
        for event in story.events { bench.run(event) }
    }

    @Test func `an end tells whether its item came of the last claim`() {
        var items = RunningItems<Numbers>(grace: .seconds(5))
        let leases = (0..<3).map { Lease(id: $0, token: LeaseToken.initial) }
        func start(_ item: Int) {
            _ = items.start(item, lease: leases[item], timeout: nil, isAlone: false, in: Task {}, at: .zero)
        }
        items.noteClaim()
        start(0)
        start(1)
        var ends = [items.end(leases[0], .settledItself)]
        items.noteClaim()
        start(2)
        for lease in [leases[1], leases[2], leases[2]] { ends.append(items.end(lease, .settledItself)) }
        #expect(ends == [true, false, true, false])
    }

    @Test func `whatever happens, each item that was started ends once`() {
        var generator = TestSeed.generator()
        var items = RunningItems<Numbers>(grace: .seconds(5))
        var now = Duration.zero
        var started = 0
        var ended: [Int] = []
        for _ in 0..<10_000 {
            let known = Int.random(in: 0...max(1, started), using: &generator)
            let lease = Lease(id: known, token: LeaseToken.initial)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1:
                started += 1
                _ = items.start(
                    started, lease: Lease(id: started, token: .initial),
                    timeout: Bool.random(using: &generator) ? .seconds(3) : nil, isAlone: false, in: Task {}, at: now)
            case 2: items.end(lease, .settledItself)
            case 3: _ = items.interrupt([lease], .revoked, at: now)
            case 4: now += .seconds(1)
            default:
                _ = items.interruptOverdue(at: now)
                _ = items.giveUp(at: now)
                #expect(items.nextCheck.map { $0 > now } ?? true)
            }
            ended += items.takeEndings().map(\.item)
        }
        _ = items.close(.stopped, at: now)
        _ = items.giveUp(at: now + .seconds(5))
        ended += items.takeEndings().map(\.item)
        #expect(ended.sorted() == Array(1...started))
        #expect(items.isIdle)
    }
}
