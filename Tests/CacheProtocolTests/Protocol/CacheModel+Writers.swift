// put: mark, commit, finish, keep. delete: the same without a value.
extension CacheModel {
    func addWrite(_ index: Int, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>) {
        let writer = state.writers[index]
        let node = cast.writers[index]
        let step = CacheStep.write(index, writer.phase, isDelete: writer.isDelete)
        if writer.phase != .mark { addCrash(of: step, state, to: &successors) { end(writer: index, in: &$0) } }
        var next = state
        switch writer.phase {
        case .mark:
            next.writers[index].epoch = state.nodes[node].epoch
            next.writers[index].phase = .commit
            guard state.nodes[node].isOpen else { return successors.add(step, next) }
            var done = next
            done.writers[index].isMarked = true
            apply(.mark(UInt8(index)), of: index, in: &done)
            publish(.init(version: 0), from: node, in: &done)
            let command = (SlotTable.Transition.mark(UInt8(index)), next.writers[index].epoch)
            next.nodes[node].isOpen = false
            add(step, done, failed: next, command: command, to: &successors)
        case .commit:
            for isDelete in [false, true] { addCommit(index, isDelete: isDelete, state, &successors) }
            guard state.faults.unknownWrites > 0 else { return }
            next.faults.unknownWrites -= 1
            next.writers[index].phase = .abort
            successors.add(.failed(step, isDone: false), next)
        case .finish:
            next.writers[index].phase = .keep
            guard writer.isMarked else {
                // Who has heard nothing of its mark says nothing of its end either, and leaves that to the log.
                passOver(writer.isDelete ? .max : writer.version, node, in: &next)
                return successors.add(step, next)
            }
            var done = next
            let token = UInt8(index)
            let transition: SlotTable.Transition = writer.isDelete ? .abort(token) : .finish(token, writer.version)
            apply(transition, of: index, in: &done)
            publish(.init(version: writer.version), from: node, in: &done)
            next.nodes[node].isOpen = false
            add(step, done, failed: next, command: (transition, writer.epoch), to: &successors)
        case .keep:
            if writer.isDelete {
                remove(node, in: &next, but: index)
            } else {
                if !insert(node, writer.version, isPoisoned: writer.isPoisoned, in: &next) {
                    forget(node, olderThan: writer.version, in: &next)
                }
                if guards.has(.ownPoison) { poison(node, in: &next, but: index) }
            }
            end(writer: index, in: &next)
            successors.add(step, next)
        case .abort:
            if writer.isMarked {
                apply(.abort(UInt8(index)), of: index, in: &next)
                publish(.init(version: 0), from: node, in: &next)
            } else {
                passOver(.max, node, in: &next)
            }
            if writer.version == 0 {
                // The authority may not have come to it yet.
                var late = next
                late.writers[index].phase = .lateCommit
                successors.add(step, late)
            }
            end(writer: index, in: &next)
            successors.add(step, next)
        case .lateCommit:
            for isDelete in [false, true] {
                var next = state
                commit(isDelete: isDelete, in: &next)
                end(writer: index, in: &next)
                successors.add(.write(index, .lateCommit, isDelete: isDelete), next)
            }
        case .ended: break
        }
    }

    private func addCommit(
        _ index: Int, isDelete: Bool, _ state: CacheState, _ successors: inout Successors<CacheState, CacheStep>
    ) {
        let step = CacheStep.write(index, .commit, isDelete: isDelete)
        var next = state
        commit(isDelete: isDelete, in: &next)
        next.writers[index].isDelete = isDelete
        next.writers[index].version = next.store.version
        next.writers[index].phase = .finish
        successors.add(step, next)
        guard state.faults.unknownWrites > 0 else { return }
        next.faults.unknownWrites -= 1
        next.writers[index].phase = .abort
        successors.add(.failed(step, isDone: true), next)
    }

    private func commit(isDelete: Bool, in state: inout CacheState) {
        state.store.version += 1
        state.store.hasValue = !isDelete
    }

    private func apply(_ transition: SlotTable.Transition, of index: Int, in state: inout CacheState) {
        table.apply(transition, to: &state.redis.slots[Int(state.writers[index].epoch)])
    }

    private func end(writer index: Int, in state: inout CacheState) {
        state.writers[index] = CacheState.Writer(phase: .ended)
    }
}
