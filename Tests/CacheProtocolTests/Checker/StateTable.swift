/// The states that were visited, in the order in which they were found; each once.
struct StateTable<State: Hashable> {
    private var states: [State] = []
    /// Where in `states` a state is, at the place of its hash or the next free one; -1 is free.
    private var places = [Int32](repeating: -1, count: 1 << 12)

    var count: Int { states.count }

    subscript(index: Int) -> State { states[index] }

    /// Adds a state.
    ///
    /// - Returns: whether it is new.
    mutating func insert(_ state: State) -> Bool {
        if states.count * 2 >= places.count { grow() }
        let place = place(of: state)
        guard places[place] < 0 else { return false }
        places[place] = Int32(states.count)
        states.append(state)
        return true
    }

    private func place(of state: State) -> Int {
        var place = state.hashValue & (places.count - 1)
        while places[place] >= 0, states[Int(places[place])] != state { place = (place + 1) & (places.count - 1) }
        return place
    }

    private mutating func grow() {
        places = [Int32](repeating: -1, count: places.count * 2)
        for (index, state) in states.enumerated() { places[place(of: state)] = Int32(index) }
    }
}
