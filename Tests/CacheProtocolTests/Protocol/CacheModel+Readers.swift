// get: lease, read, settle, keep. A load makes what is not there in between.
extension CacheModel {
    func addRead(_ index: Int, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        let reader = state.readers[index]
        let node = cast.readers[index]
        let step = CacheStep.read(index, reader.phase)
        if reader.phase != .lease { addCrash(of: step, state, to: &successors) { end(reader: index, in: &$0) } }
        var next = state
        switch reader.phase {
        case .lease:
            addLookup(index, state, &successors)
        case .read:
            next.readers[index].version = state.store.hasValue ? state.store.version : 0
            if !state.store.hasValue, cast.isLoading {
                next.readers[index].since = state.store.version
                next.readers[index].phase = .load
            } else {
                next.readers[index].phase = reader.hasLease ? .settle : .keep
            }
            successors.add(step, next)
        case .load:
            // The authority takes it only if nothing was written since.
            if !state.store.hasValue, state.store.version == reader.since {
                next.store.version += 1
                next.store.hasValue = true
                next.readers[index].version = next.store.version
            }
            next.readers[index].phase = reader.hasLease ? .settle : .keep
            successors.add(step, next)
        case .settle:
            next.readers[index].phase = .keep
            var done = next
            let token = UInt8(2 + index)
            let transition: SlotTable.Transition =
                reader.version == 0 ? .release(token) : .fill(token, reader.version)
            table.apply(transition, to: &done.redis.slots[Int(reader.epoch)])
            add(step, done, failed: next, command: (transition, reader.epoch), to: &successors)
        case .keep:
            if reader.version != 0 {
                if reader.version < reader.floor { next.hasAnsweredStale = true }
                insert(node, reader.version, isPoisoned: reader.isPoisoned, in: &next)
            }
            end(reader: index, in: &next)
            successors.add(step, next)
        case .ended: break
        }
    }

    /// Looks in memory, then in Redis, and takes the lease of a slot that has nothing of use.
    private func addLookup(_ index: Int, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        let step = CacheStep.read(index, .lease)
        let node = state.nodes[cast.readers[index]]
        let token = UInt8(2 + index)
        var next = state
        if node.memory != 0 {
            if node.memory < node.seen { next.hasAnsweredStale = true }
            end(reader: index, in: &next)
            return successors.add(step, next)
        }
        next.readers[index].epoch = node.epoch
        next.readers[index].floor = node.seen
        next.readers[index].phase = .read
        guard readsRedis(node, in: state) else { return successors.add(step, next) }
        var done = next
        var command: (SlotTable.Transition, UInt8)?
        if let found = found(by: cast.readers[index], in: state) {
            done.readers[index].version = found
            done.readers[index].phase = .keep
        } else if !guards.has(.conditionalFill) {
            done.readers[index].hasLease = true
        } else if !guards.has(.lease) {
            done.readers[index].hasLease = state.redis.slots[Int(node.epoch)] == .absent
        } else {
            let present = table.version(state.redis.slots[Int(node.epoch)])
            let transition = SlotTable.Transition.lease(token, replacing: present)
            command = (transition, node.epoch)
            table.apply(transition, to: &done.redis.slots[Int(node.epoch)])
            done.readers[index].hasLease =
                table.holders(done.redis.slots[Int(node.epoch)]) == 1 << token
                && table.kind(done.redis.slots[Int(node.epoch)]) == .lease
        }
        add(step, done, failed: next, command: command, to: &successors)
    }

    private func end(reader index: Int, in state: inout CacheState) {
        state.readers[index] = CacheState.Reader(phase: .ended)
    }
}
