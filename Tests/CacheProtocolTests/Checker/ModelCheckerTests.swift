import Testing

/// The checker, on models of which the answer is known.
@Suite struct ModelCheckerTests {
    /// Two who each read a number and then write one more than they read.
    private struct Adders: Model {
        struct State: Hashable {
            var number = 0
            var read: [Int?] = [nil, nil]
            var isDone = [false, false]
        }

        let isAtomic: Bool
        static let lost = Promises(rawValue: 1)

        var beginnings: [State] { [State()] }

        func addSteps(from state: State, to successors: inout Successors<State, String>) {
            for adder in 0..<2 where !state.isDone[adder] {
                var next = state
                if let read = state.read[adder] {
                    next.number = read + 1
                    next.isDone[adder] = true
                    successors.add("\(adder) writes", next)
                } else if isAtomic {
                    next.number += 1
                    next.isDone[adder] = true
                    successors.add("\(adder) adds", next)
                } else {
                    next.read[adder] = state.number
                    successors.add("\(adder) reads", next)
                }
            }
        }

        func isEnd(_ state: State) -> Bool { state.isDone == [true, true] }

        func broken(in state: State, isEnd: Bool) -> Promises { isEnd && state.number != 2 ? Self.lost : [] }
    }

    @Test func `an update that can be lost is found, by a shortest trace`() throws {
        let report = ModelChecker(model: Adders(isAtomic: false)).run()
        #expect(report.broken[Adders.lost] == 1)
        #expect(report.traces[Adders.lost]?.count == 4)
        let trace = try #require(report.traces[Adders.lost])
        #expect(Adders(isAtomic: false).beginning(of: trace, breaking: Adders.lost) != nil)
        #expect(Adders(isAtomic: false).beginning(of: trace.reversed(), breaking: Adders.lost) == nil)
    }

    @Test func `every state is visited once, and nothing is found where nothing is wrong`() {
        let report = ModelChecker(model: Adders(isAtomic: true)).run()
        #expect(report.states == 4)
        #expect(report.ends == 1)
        #expect(report.broken.isEmpty)
    }

    @Test func `a table keeps what is equal once, in the order in which it came`() {
        var table = StateTable<Int>()
        for number in 0..<20_000 { #expect(table.insert(number % 10_000) == (number < 10_000)) }
        #expect(table.count == 10_000)
        #expect((0..<10_000).allSatisfy { table[$0] == $0 })
    }

    @Test func `messages come in the order in which they were sent`() {
        var bus = Bus()
        for version in UInt8(1)...4 { bus.send(.init(version: version, isRule: version == 3)) }
        #expect((0..<4).map { _ in bus.receive() } == (1...4).map { .init(version: $0, isRule: $0 == 3) })
        #expect(bus == Bus())
    }
}
