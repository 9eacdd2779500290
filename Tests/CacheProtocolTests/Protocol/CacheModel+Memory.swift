// What happens in the memory of a node; each of these is done under one lock there.
extension CacheModel {
    /// Counts a removal: what is being fetched is not kept.
    func poison(_ node: Int, in state: inout CacheState, but writer: Int? = nil) {
        for (index, place) in cast.writers.enumerated() where place == node && index != writer {
            if state.writers[index].phase != .mark, state.writers[index].phase != .ended {
                state.writers[index].isPoisoned = true
            }
        }
        for (index, place) in cast.readers.enumerated() where place == node {
            if state.readers[index].phase != .lease, state.readers[index].phase != .ended {
                state.readers[index].isPoisoned = true
            }
        }
    }

    /// Removes the value if it is older.
    func forget(_ node: Int, olderThan version: UInt8, in state: inout CacheState) {
        if state.nodes[node].memory < version {
            state.nodes[node].memory = 0
        } else if !guards.has(.ownPoison) {
            return
        }
        poison(node, in: &state)
    }

    func remove(_ node: Int, in state: inout CacheState, but writer: Int? = nil) {
        state.nodes[node].memory = 0
        poison(node, in: &state, but: writer)
    }

    /// Keeps a value, unless there is a later one or something was removed since it was asked for.
    @discardableResult
    func insert(_ node: Int, _ version: UInt8, isPoisoned: Bool, in state: inout CacheState) -> Bool {
        guard state.nodes[node].memory <= version else { return false }
        let isKept = !isPoisoned || !guards.has(.poison)
        state.nodes[node].memory = isKept ? version : 0
        return isKept
    }

    /// Tells the other node; a node does not listen to itself.
    func publish(_ message: Bus.Message, from node: Int, in state: inout CacheState) {
        guard guards.has(.publish) else { return }
        state.nodes[1 - node].bus.send(message)
    }

    func addMessage(_ node: Int, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        var next = state
        let message = next.nodes[node].bus.receive()
        if state.faults.lostMessages > 0 {
            var lost = next
            lost.faults.lostMessages -= 1
            successors.add(.loseMessage(node), lost)
        }
        if message.version == 0 {
            remove(node, in: &next)
        } else {
            forget(node, olderThan: message.version, in: &next)
        }
        if message.isRule { hear(of: message.version, node, in: &next) }
        successors.add(.message(node), next)
    }

    /// Learns of a rule.
    func hear(of rule: UInt8, _ node: Int, in state: inout CacheState) {
        state.nodes[node].rule = max(state.nodes[node].rule, rule)
        guard guards.has(.heardRule), state.nodes[node].follow.phase != .journal else { return }
        state.nodes[node].follow.rule = max(state.nodes[node].follow.rule, rule)
    }

    /// Passes over what is older than a write of the node's own that Redis was not told of, as by a rule.
    func passOver(_ version: UInt8, _ node: Int, in state: inout CacheState) {
        hear(of: version, node, in: &state)
    }
}
