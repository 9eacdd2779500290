// The step by which a node stays in step: journal, ask, tell, advance, finish; or begin an epoch.
extension CacheModel {
    func addFollow(_ index: Int, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        let phase = state.nodes[index].follow.phase
        let step = CacheStep.follow(index, phase)
        var next = state
        follow(index, in: &next)
        switch phase {
        case .journal, .begin, .tell, .advance:
            var failed = state
            failed.nodes[index].follow.phase = phase == .journal ? .ask : .finish
            failed.nodes[index].follow.cursor = .missing
            failed.nodes[index].follow.isDrained = false
            failed.nodes[index].follow.hasFailed = true
            add(step, next, failed: failed, to: &successors)
        case .ask, .finish:
            successors.add(step, next)
        }
        guard phase != .journal else { return }
        addCrash(of: step, state, to: &successors) { endFollow(index, in: &$0) }
    }

    /// Takes the next step.
    func follow(_ index: Int, in state: inout CacheState) {
        var run = state.nodes[index].follow
        switch run.phase {
        case .journal:
            run.cursor = state.redis.cursor
            run.rule = run.cursor == .missing ? 0 : state.redis.rule
            run.life = state.life
            run.phase = .ask
        case .ask:
            run.newest = max(run.newest, state.store.version)
            if state.nodes[index].seen < state.store.trimmed { run.forgetsAll = true }
            if run.hasFailed {
                run.phase = .finish
            } else if run.cursor == .missing || run.cursor.version < state.store.trimmed {
                run.phase = .begin
            } else if run.cursor.version < run.newest {
                run.phase = guards.has(.drain) ? .tell : .advance
            } else {
                run.isDrained = true
                run.phase = .finish
            }
            if !guards.has(.drainFirst) { forgetChanges(index, upTo: run, in: &state) }
        case .begin:
            if state.redis.cursor == run.cursor {
                let old = run.cursor == .missing ? state.nodes[index].epoch : run.cursor.epoch
                let epoch = old + (guards.has(.epoch) ? 1 : 0)
                state.redis.cursor = CacheState.Cursor(epoch: epoch, version: run.newest)
                if guards.has(.ruleEpoch) { state.redis.rule = 0 }
            }
            run.phase = .journal
        case .tell:
            let rule = state.store.rule > run.cursor.version && state.store.rule <= run.newest ? state.store.rule : 0
            // What the log says of the key itself: all versions but the rule's.
            let kill = rule == run.newest ? run.newest - 1 : run.newest
            if kill > run.cursor.version { table.apply(.kill(kill), to: &state.redis.slots[Int(run.cursor.epoch)]) }
            if rule != 0 {
                // Others who have moved the cursor have told of it, and it may have been purged.
                if state.redis.cursor == run.cursor { add(rule, in: run.cursor.epoch, &state) }
                run.rule = max(run.rule, rule)
            }
            run.told = state.life
            run.phase = .advance
        case .advance:
            let isInOneLife = run.told == state.life || !guards.has(.drain)
            let mayAdvance =
                guards.has(.flight)
                ? state.redis.cursor == run.cursor && isInOneLife
                : state.redis.cursor.epoch == run.cursor.epoch
            if mayAdvance {
                state.redis.cursor.version = max(state.redis.cursor.version, run.newest)
                run.isDrained = true
                run.phase = .finish
            } else {
                run.phase = .journal
            }
        case .finish:
            finish(run, index, in: &state)
            return
        }
        state.nodes[index].follow = run
    }

    private func finish(_ run: CacheState.Follow, _ index: Int, in state: inout CacheState) {
        state.nodes[index].isOpen = run.isDrained
        if run.isDrained {
            state.nodes[index].epoch = run.cursor.epoch
            state.nodes[index].life = run.life
            state.nodes[index].rule = run.rule
        }
        forgetChanges(index, upTo: run, in: &state)
        endFollow(index, in: &state)
    }

    private func forgetChanges(_ index: Int, upTo run: CacheState.Follow, in state: inout CacheState) {
        guard run.newest > state.nodes[index].seen else { return }
        if run.forgetsAll { remove(index, in: &state) } else { forget(index, olderThan: run.newest, in: &state) }
        state.nodes[index].seen = run.newest
    }

    private func endFollow(_ index: Int, in state: inout CacheState) {
        state.nodes[index].follow = CacheState.Follow(left: state.nodes[index].follow.left - 1)
    }
}
