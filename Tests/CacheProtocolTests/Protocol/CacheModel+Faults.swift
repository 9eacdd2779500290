// What goes wrong by itself. What goes wrong with a step is where that step is.
extension CacheModel {
    func addFaults(_ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        for epoch in 0..<2 where state.redis.slots[epoch] != .absent { addSlotFaults(epoch, state, &successors) }
        if state.late != .none {
            var next = state
            table.apply(Int(state.late.index), to: &next.redis.slots[Int(state.late.epoch)])
            next.late = .none
            successors.add(.lateCommand, next)
        }
        if state.store.trimmed < state.store.version {
            add(.trim, state, \.trims, to: &successors) { $0.store.trimmed = $0.store.version }
        }
        if state.redis.cursor != .missing {
            let isWhole = guards.has(.journal)
            add(.evictCursor, state, \.journalEvictions, to: &successors) {
                $0.redis.cursor = .missing
                if isWhole { $0.redis.rule = 0 }
            }
            if !isWhole {
                add(.evictRules, state, \.journalEvictions, to: &successors) { $0.redis.rule = 0 }
            }
            add(.flush, state, \.flushes, to: &successors) {
                $0.redis = CacheState.Redis(cursor: .missing)
            }
        }
        for node in 0..<2 where state.nodes[node].memory != 0 {
            add(.evictMemory(node), state, \.memoryEvictions, to: &successors) { $0.nodes[node].memory = 0 }
        }
        if state.faults.comebacks > 0, !state.hasCopy {
            var next = state
            next.copy = state.redis
            next.hasCopy = true
            successors.add(.save, next)
        }
        if state.hasCopy {
            add(.comeBack, state, \.comebacks, to: &successors) {
                $0.redis = $0.copy
                $0.life += 1
                // Its connections are gone, and what they carried.
                $0.late = .none
                $0.copy = CacheState.Redis()
                $0.hasCopy = false
            }
        }
    }

    private func addSlotFaults(_ epoch: Int, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>)
    {
        let slot = state.redis.slots[epoch]
        add(.evictSlot(epoch: epoch), state, \.slotEvictions, to: &successors) { $0.redis.slots[epoch] = .absent }
        guard table.kind(slot) != .value else { return }
        let isHeld = (0..<4).contains { holder in
            table.holders(slot) & 1 << holder != 0
                && (holder < 2 ? state.writers[holder].phase != .ended : state.readers[holder - 2].phase != .ended)
        }
        let step = CacheStep.expire(epoch: epoch, isEarly: isHeld)
        if isHeld {
            add(step, state, \.earlyExpiries, to: &successors) { $0.redis.slots[epoch] = .absent }
        } else {
            var next = state
            next.redis.slots[epoch] = .absent
            successors.add(step, next)
        }
    }

    private func add(
        _ step: CacheStep, _ state: CacheState, _ budget: WritableKeyPath<Faults, UInt8>,
        to successors: inout Successors<CacheState, CacheStep>, change: (inout CacheState) -> Void
    ) {
        guard state.faults[keyPath: budget] > 0 else { return }
        var next = state
        next.faults[keyPath: budget] -= 1
        change(&next)
        successors.add(step, next)
    }
}
