/// The protocol of the cache for one key, on two nodes.
///
/// Who is in the cast begins at any time, and goes on step by step, everybody else's steps coming in between in every
/// order. Time is not counted: what holds for a while may end at any moment, if the faults allow it.
struct CacheModel: Model {
    /// Who is there, and on which node.
    struct Cast {
        var writers = [0, 1]
        var readers = [0, 1]
        /// The node of somebody who invalidates a pattern.
        var invalidator: Int?
        /// How often each node follows while the others are under way.
        var follows: [UInt8] = [0, 0]
        /// Whether readers make a value when there is none, which there is not in the beginning then.
        var isLoading = false
    }

    /// Nobody is under way and no message either, and yet a node would serve what is older than the authority.
    static let prompt = Promises(rawValue: 1)
    /// It would even after it has followed once more.
    static let bounded = Promises(rawValue: 2)
    /// Redis would still have what is older, with nobody under way who would take it away.
    static let shared = Promises(rawValue: 8)
    /// A lookup was answered with less than its node had followed before it began.
    static let answers = Promises(rawValue: 4)

    let cast: Cast
    let faults: Faults
    let guards: Guards
    let table: SlotTable

    init(_ cast: Cast, _ faults: Faults = Faults(), guards: Guards = .all) {
        self.cast = cast
        self.faults = faults
        self.guards = guards
        table = SlotTable(guards)
    }

    var beginnings: [CacheState] {
        var cold = CacheState()
        cold.faults = faults
        for index in 0..<2 {
            if index >= cast.writers.count { cold.writers[index].phase = .ended }
            if index >= cast.readers.count { cold.readers[index].phase = .ended }
            cold.nodes[index].follow.left = cast.follows[index]
        }
        if cast.invalidator == nil { cold.invalidator.phase = .ended }
        if cast.isLoading {
            cold.store.hasValue = false
            return [cold]
        }
        var warm = cold
        table.apply(.lease(2, replacing: 0), to: &warm.redis.slots.first)
        table.apply(.fill(2, 1), to: &warm.redis.slots.first)
        var hot = warm
        for index in 0..<2 { hot.nodes[index].memory = 1 }
        return [cold, warm, hot]
    }

    func isEnd(_ state: CacheState) -> Bool {
        for index in 0..<2 {
            guard state.writers[index].phase == .ended, state.readers[index].phase == .ended else { return false }
            guard state.nodes[index].bus.count == 0, state.nodes[index].follow.phase == .journal else { return false }
        }
        return state.invalidator.phase == .ended
    }

    func broken(in state: CacheState, isEnd: Bool) -> Promises {
        var broken: Promises = []
        if state.hasAnsweredStale { broken.insert(Self.answers) }
        guard isEnd else { return broken }
        for node in 0..<2 {
            if servesStale(node, in: state) { broken.insert(Self.prompt) }
            if let found = found(by: node, in: state), found < state.store.version { broken.insert(Self.shared) }
            var followed = state
            followed.nodes[node].follow.left = 1
            while followed.nodes[node].follow.left > 0 { follow(node, in: &followed) }
            if servesStale(node, in: followed) { broken.insert(Self.bounded) }
        }
        return broken
    }

    private func servesStale(_ index: Int, in state: CacheState) -> Bool {
        let memory = state.nodes[index].memory
        if memory != 0, memory < state.store.version { return true }
        guard let found = found(by: index, in: state) else { return false }
        return found < state.store.version
    }

    /// The version that a node would take from Redis.
    func found(by index: Int, in state: CacheState) -> UInt8? {
        let node = state.nodes[index]
        guard readsRedis(node, in: state) else { return nil }
        let slot = state.redis.slots[Int(node.epoch)]
        guard table.kind(slot) == .value, table.version(slot) >= node.rule else { return nil }
        return table.version(slot)
    }

    func readsRedis(_ node: CacheState.Node, in state: CacheState) -> Bool {
        node.isOpen && (node.life == state.life || !guards.has(.reconnect))
    }

    func addSteps(from state: CacheState, to successors: inout Successors<CacheState, CacheStep>) {
        for index in 0..<2 {
            if state.writers[index].phase != .ended { addWrite(index, state, &successors) }
            if state.readers[index].phase != .ended { addRead(index, state, &successors) }
            if state.nodes[index].bus.count > 0 { addMessage(index, state, &successors) }
            if state.nodes[index].follow.left > 0 { addFollow(index, state, &successors) }
        }
        if state.invalidator.phase != .ended { addInvalidation(state, &successors) }
        addFaults(state, &successors)
    }

    /// Adds a command to Redis: one that is done, and what may become of it in an outage.
    ///
    /// `done` is what comes of it; `failed` where who sent it goes on from when no reply comes. Then it may have been done
    /// or not, or may be done any time later, when it is a `command` to the slot of an epoch.
    func add(
        _ step: CacheStep, _ done: CacheState, failed: CacheState, command: (SlotTable.Transition, UInt8)? = nil,
        to successors: inout Successors<CacheState, CacheStep>
    ) {
        successors.add(step, done)
        guard failed.faults.outages > 0 else { return }
        var failed = failed
        failed.faults.outages -= 1
        successors.add(.failed(step, isDone: false), failed)
        if let command, failed.late == .none {
            var late = failed
            late.late = .init(index: UInt8(command.0.index), epoch: command.1)
            successors.add(.late(step), late)
        }
        failed.redis = done.redis
        for index in 0..<2 { failed.nodes[index].bus = done.nodes[index].bus }
        successors.add(.failed(step, isDone: true), failed)
    }

    /// Adds the end of somebody who has begun.
    func addCrash(
        of step: CacheStep, _ state: CacheState, to successors: inout Successors<CacheState, CacheStep>,
        end: (inout CacheState) -> Void
    ) {
        guard state.faults.crashes > 0 else { return }
        var next = state
        next.faults.crashes -= 1
        end(&next)
        successors.add(.crash(step), next)
    }
}
