extension Model where Step: Equatable {
    /// Where steps lead to, from whichever beginning allows them; `nil` when none does.
    ///
    /// Where a step may end in several ways, any of them that allows the next one is taken.
    func state(after steps: [Step]) -> State? {
        var states = beginnings
        var successors = Successors<State, Step>()
        for step in steps {
            var next: [State] = []
            for state in states {
                successors.removeAll()
                addSteps(from: state, to: &successors)
                for successor in successors.list where successor.step == step && !next.contains(successor.state) {
                    next.append(successor.state)
                }
            }
            states = next
        }
        return states.first { !broken(in: $0, isEnd: isEnd($0)).isEmpty } ?? states.first
    }
}
