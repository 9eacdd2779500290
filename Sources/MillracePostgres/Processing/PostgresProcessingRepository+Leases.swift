public import MillraceCore

extension PostgresProcessingRepository {
    /// A claim whose chunks others took is repeated so often.
    private static let claimTries = 4

    /// Leases chunks by one statement.
    public func claim(
        upTo limit: Int, from scope: ChunkScope, by worker: WorkerID
    ) async throws(StoreError) -> [ClaimedChunk] {
        guard limit > 0 else { return [] }
        for _ in 0..<Self.claimTries {
            let claim = ChunkClaim(limit: limit, scope: scope, worker: worker, turn: turn.latest)
            let rows = try await store.rows(claimSQL, claim.parameters(at: store.now)) { try ChunkClaim.Row(&$0) }
            let outcome = try claim.outcome(of: rows)
            if let last = outcome.chunks.last { turn.note(last.task.processingID) }
            if !outcome.wasBeaten { return outcome.chunks }
        }
        return []
    }

    /// Settles chunks, counts at their parents what changed, and queues the merges that this completes, by one
    /// statement.
    public func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) -> ChunkSettleReceipt {
        guard !settlements.isEmpty else { return ChunkSettleReceipt(lost: [], merging: []) }
        let parameters = try ChunkSettle.parameters(
            settlements, at: store.now, hostNow: (store.clock ?? SystemWallClock()).now(),
            channel: store.pool.configuration.schema)
        let rows = try await store.rows(settleSQL, parameters) { row in
            (lost: try row.optionalID(ChunkID.self), merging: try row.optionalID(ProcessingID.self))
        }
        return ChunkSettleReceipt(lost: Set(rows.compactMap(\.lost)), merging: Set(rows.compactMap(\.merging)))
    }

    /// Takes back by one statement what workers without a lease hold.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [ChunkID] {
        try await store.rows(
            rescueSQL, ChunkRescue.parameters(maxCrashes: maxCrashes, at: store.now)
        ) { try $0.id() }
    }

    /// Reads what a worker holds from the index of held chunks.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [ChunkID: LeaseToken] {
        let held = try await store.rows(
            "SELECT id, lease_token FROM \(store.schema).chunk_tasks WHERE worker_id = $1", [.id(worker)],
            isIdempotent: true
        ) { (try $0.id(ChunkID.self), try $0.token()) }
        return Dictionary(uniqueKeysWithValues: held)
    }
}
