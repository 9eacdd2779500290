// invalidatePattern: commit the rule, announce it, forget; then purge, and retire the rule.
extension CacheModel {
    func addInvalidation(_ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        guard let node = cast.invalidator else { return }
        let phase = state.invalidator.phase
        let step = CacheStep.invalidate(phase)
        if phase != .commit {
            addCrash(of: step, state, to: &successors) { $0.invalidator = .init(phase: .ended) }
        }
        var next = state
        switch phase {
        case .commit:
            // Readers of the authority see nothing older than a rule, so that the value is gone for them at once.
            next.store.version += 1
            next.store.hasValue = false
            next.store.rule = next.store.version
            next.invalidator.phase = .announce
            successors.add(step, next)
        case .announce:
            next.invalidator.phase = .forget
            var done = next
            add(state.store.rule, in: state.nodes[node].epoch, &done)
            publish(.init(version: state.store.rule, isRule: true), from: node, in: &done)
            // Then it is left to who drains.
            add(step, done, failed: next, to: &successors)
        case .forget:
            hear(of: state.store.rule, node, in: &next)
            forget(node, olderThan: state.store.rule, in: &next)
            next.invalidator.epoch = state.nodes[node].epoch
            next.invalidator.phase = .purge
            successors.add(step, next)
        case .purge:
            next.invalidator.life = state.life
            next.invalidator.phase = .retire
            var done = next
            table.apply(.kill(state.store.rule), to: &done.redis.slots[Int(state.invalidator.epoch)])
            next.invalidator = .init(phase: .ended)
            add(step, done, failed: next, to: &successors)
        case .retire:
            next.invalidator = .init(phase: .ended)
            var done = next
            let isInOneLife = state.invalidator.life == state.life || !guards.has(.flight)
            if isInOneLife { retire(state.store.rule, in: state.invalidator.epoch, &done) }
            add(step, done, failed: next, to: &successors)
        case .ended: break
        }
    }

    func add(_ rule: UInt8, in epoch: UInt8, _ state: inout CacheState) {
        if keepsRules(of: epoch, state) { state.redis.rule = max(state.redis.rule, rule) }
    }

    private func retire(_ rule: UInt8, in epoch: UInt8, _ state: inout CacheState) {
        if keepsRules(of: epoch, state), state.redis.rule == rule { state.redis.rule = 0 }
    }

    private func keepsRules(of epoch: UInt8, _ state: CacheState) -> Bool {
        state.redis.cursor.epoch == epoch || !guards.has(.ruleEpoch)
    }
}
