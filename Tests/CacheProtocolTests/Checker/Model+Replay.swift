extension Model where Step: Equatable {
    /// A beginning from which steps lead to a broken promise; `nil` when they do from none.
    func beginning(of steps: [Step], breaking promise: Promises) -> State? {
        beginnings.first { beginning in
            ends(of: steps, from: beginning).contains { broken(in: $0, isEnd: isEnd($0)).contains(promise) }
        }
    }

    /// Where steps may lead to: one of them may end in several ways.
    private func ends(of steps: [Step], from beginning: State) -> [State] {
        var states = [beginning]
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
        return states
    }
}
