internal import MillraceCore

extension StoreState {
    /// A chunk that may be claimed, and its place among the claimable ones of its processing.
    private struct Candidate {
        let task: ChunkTask
        let rank: Int
        let row: ParallelProcessor.Row
        let turn: Int

        func isClaimedBefore(_ other: Candidate) -> Bool {
            if row.priority != other.row.priority { return row.priority > other.row.priority }
            if rank != other.rank { return rank < other.rank }
            if turn != other.turn { return turn < other.turn }
            return row.id < other.row.id
        }
    }

    mutating func claimChunks(
        upTo limit: Int, from scope: ChunkScope, by worker: WorkerID, at now: Timestamp
    ) throws(StoreError) -> [ClaimedChunk] {
        try requireLease(worker, at: now)
        let limit = scope.isAlone ? min(1, limit) : limit
        let chosen = candidates(in: scope, at: now).sorted { $0.isClaimedBefore($1) }.prefix(max(0, limit))
        return chosen.map { candidate in
            var task = candidate.task
            task.claim(by: worker, at: now)
            store(task)
            noteClaim(from: task.processingID, at: now)
            let row = candidate.row
            return ClaimedChunk(task: task, source: row.source, recipe: row.recipe, traceContext: row.traceContext)
        }
    }

    private func candidates(in scope: ChunkScope, at now: Timestamp) -> [Candidate] {
        let engines = Set(scope.engines)
        let wanted = scope.processings.map(Set.init)
        let unreachable = Set(scope.unreachable)
        let open = processings.values.filter { row in
            (row.status == .pending || row.status == .processing) && engines.contains(row.recipe.engine)
                && (wanted?.contains(row.id) ?? true)
        }
        return open.flatMap { row in
            let claimable = (chunks[row.id] ?? []).filter { task in
                guard task.isClaimable(at: now) else { return false }
                guard !unreachable.contains(row.id) || chunkAudio[task.id] != nil else { return false }
                return scope.maxCrashes == 0 || task.isSuspect(maxCrashes: scope.maxCrashes) == scope.isAlone
            }
            return claimable.enumerated().map { rank, task in
                Candidate(task: task, rank: rank, row: row, turn: claimTurns[row.id] ?? 0)
            }
        }
    }

    private mutating func noteClaim(from id: ProcessingID, at now: Timestamp) {
        lastTurn += 1
        claimTurns[id] = lastTurn
        guard var row = processings[id], row.status == .pending else { return }
        row.status = .processing
        row.startedAt = row.startedAt ?? now
        row.updatedAt = now
        processings[id] = row
    }

    mutating func settleChunks(_ settlements: [ChunkSettlement], at now: Timestamp) -> ChunkSettleReceipt {
        var lost: Set<ChunkID> = []
        var ended: [ProcessingID: [ChunkStatus]] = [:]
        for settlement in settlements {
            guard var task = chunk(settlement.chunkID), task.status == .processing,
                task.leaseToken == settlement.token
            else {
                lost.insert(settlement.chunkID)
                continue
            }
            task.settle(settlement.outcome, at: now)
            store(task)
            if let key = settlement.cacheKey { chunkCacheKeys[task.id] = key }
            if task.status.isFinal { ended[task.processingID, default: []].append(task.status) }
        }
        let merging = ended.sorted { $0.key < $1.key }.filter { count($0.value, of: $0.key, at: now) }.map(\.key)
        return ChunkSettleReceipt(lost: lost, merging: Set(merging))
    }

    /// Adds ended chunks to the counters of their processing; `true` when they were its last.
    private mutating func count(_ ended: [ChunkStatus], of id: ProcessingID, at now: Timestamp) -> Bool {
        guard var row = processings[id] else { return false }
        row.completedChunks += ended.count { $0 == .completed }
        row.failedChunks += ended.count { $0 == .failed }
        row.version += 1
        row.updatedAt = now
        let isLast = row.completedChunks + row.failedChunks == row.totalChunks && row.status == .processing
        if isLast { row.status = .merging }
        processings[id] = row
        if isLast { queueMerge(of: row, at: now) }
        return isLast
    }

    mutating func storeAudio(_ audio: [ChunkID: [UInt8]]) {
        for (id, sound) in audio where chunk(id)?.status.isFinal == false { chunkAudio[id] = sound }
    }

    func chunksWithoutAudio(of id: ProcessingID) -> [ChunkTask] {
        (chunks[id] ?? []).filter { !$0.status.isFinal && chunkAudio[$0.id] == nil }
    }

    func chunkLeases(of worker: WorkerID) -> [ChunkID: LeaseToken] {
        chunks.values.joined().filter { $0.workerID == worker }.reduce(into: [:]) { $0[$1.id] = $1.leaseToken }
    }

    mutating func rescueChunks(maxCrashes: Int, at now: Timestamp) -> [ChunkID] {
        let abandoned = chunks.values.joined().filter { $0.status == .processing && !hasLease($0.workerID, at: now) }
        return abandoned.sorted { $0.id < $1.id }.map { task in
            var task = task
            task.rescue(maxCrashes: maxCrashes, at: now)
            store(task)
            if task.status.isFinal { _ = count([task.status], of: task.processingID, at: now) }
            return task.id
        }
    }
}
