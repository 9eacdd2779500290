/// Something that goes on in steps, of which several may be possible at a time, in any order.
protocol Model: Sendable {
    /// All there is to know between two steps. Small, since millions are kept.
    associatedtype State: Hashable, Sendable
    /// What happened, for those who read a trace.
    associatedtype Step: Sendable

    /// Where it may begin.
    var beginnings: [State] { get }

    /// Adds every step that is possible in a state, with what it leads to.
    func addSteps(from state: State, to successors: inout Successors<State, Step>)

    /// Whether all that was under way has ended.
    func isEnd(_ state: State) -> Bool

    /// Which promises are broken; asked of ends, and of every state where it is cheap to tell.
    func broken(in state: State, isEnd: Bool) -> Promises
}

/// A set of promises of a model, which gives the bits their names.
struct Promises: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
}

/// The steps that are possible in a state.
struct Successors<State, Step> {
    private(set) var list: [(step: Step, state: State)] = []

    mutating func add(_ step: Step, _ state: State) {
        list.append((step, state))
    }

    mutating func removeAll() {
        list.removeAll(keepingCapacity: true)
    }
}
