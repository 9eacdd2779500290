internal import GRDB
public import MillraceCore

extension SQLiteProcessingRepository {
    /// Leases chunks in one transaction.
    public func claim(
        upTo limit: Int, from scope: ChunkScope, by worker: WorkerID
    ) async throws(StoreError) -> [ClaimedChunk] {
        guard limit > 0 else { return [] }
        if !filled.wasLast(by: worker, from: scope) {
            guard try await isAnythingClaimable(from: scope, by: worker) else { return [] }
        }
        let claimed = try await lease(upTo: limit, from: scope, to: worker)
        filled.note(claimed.count >= limit, by: worker, from: scope)
        return claimed
    }

    private func lease(
        upTo limit: Int, from scope: ChunkScope, to worker: WorkerID
    ) async throws(StoreError) -> [ClaimedChunk] {
        let clock = store.clock
        return try await store.write { db in
            let now = clock.now()
            try WorkerLease.require(worker, in: db, at: now)
            let chosen = try choose(upTo: limit, from: scope, in: db, at: now)
            guard !chosen.isEmpty else { return [] }
            let tasks = try db.rows(
                """
                UPDATE chunk_tasks
                SET status = 'PROCESSING', worker_id = :worker, lease_token = lease_token + 1, started_at = :now,
                    scheduled_at = NULL
                WHERE id IN (SELECT value FROM json_each(:ids))
                RETURNING \(ChunkRow.columns)
                """,
                ["worker": worker.sql, "now": now.microseconds, "ids": json(chosen.map(\.sql))], ChunkRow.read)
            let parents = try db.rows(
                """
                UPDATE processing_tasks
                SET status = 'PROCESSING', claimed_at = :now, started_at = coalesce(started_at, :now)
                WHERE id IN (SELECT value FROM json_each(:ids))
                RETURNING id, source, recipe, trace_context
                """,
                ["now": now.microseconds, "ids": json(Set(tasks.map(\.processingID.sql)))]
            ) { row in
                let id = try row.id(ProcessingID.self)
                let what = (try row.json(RecordingSource.self), try row.json(Recipe.self), try row.headers())
                return (id, what)
            }
            let parent = Dictionary(uniqueKeysWithValues: parents)
            let byID = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0) })
            return chosen.compactMap { id in
                guard let task = byID[id], let (source, recipe, trace) = parent[task.processingID] else { return nil }
                return ClaimedChunk(task: task, source: source, recipe: recipe, traceContext: trace)
            }
        }
    }

    /// Whether a claim would find anything: a worker that waits must not take the lock of those that write.
    private func isAnythingClaimable(from scope: ChunkScope, by worker: WorkerID) async throws(StoreError) -> Bool {
        let clock = store.clock
        return try await store.read { db in
            let now = clock.now()
            try WorkerLease.require(worker, in: db, at: now)
            return try !choose(upTo: 1, from: scope, in: db, at: now).isEmpty
        }
    }

    /// Picks claimable chunks: by priority, then the processings in turn, then by index.
    ///
    /// At most `limit` chunks of each processing are looked at, so that a plan of many chunks costs no more than one
    /// of few.
    private func choose(
        upTo limit: Int, from scope: ChunkScope, in db: Database, at now: Timestamp
    ) throws -> [ChunkID] {
        try db.rows(
            """
            WITH open AS MATERIALIZED (
                SELECT id, priority, claimed_at,
                       id NOT IN (SELECT value FROM json_each(:unreachable)) AS is_reachable
                FROM processing_tasks
                WHERE status IN ('PENDING', 'PROCESSING')
                  AND engine IN (SELECT value FROM json_each(:engines))
                  AND (:any OR id IN (SELECT value FROM json_each(:processings)))
            )
            SELECT chunk.id
            FROM open JOIN chunk_tasks chunk ON chunk.id IN (
                SELECT id FROM chunk_tasks
                WHERE processing_id = open.id AND status = 'PENDING' AND coalesce(scheduled_at, 0) <= :now
                  AND (:crashes = 0 OR (crashes >= :crashes) = :alone)
                  AND (open.is_reachable OR EXISTS (SELECT 1 FROM chunk_audio WHERE chunk_id = chunk_tasks.id))
                ORDER BY chunk_index LIMIT :limit
            )
            ORDER BY open.priority DESC,
                     row_number() OVER (PARTITION BY open.id ORDER BY chunk.chunk_index),
                     open.claimed_at, open.id
            LIMIT :limit
            """,
            [
                "engines": json(scope.engines.map(\.description)), "any": scope.processings == nil,
                "processings": json((scope.processings ?? []).map(\.sql)),
                "unreachable": json(scope.unreachable.map(\.sql)), "now": now.microseconds,
                "limit": scope.isAlone ? min(1, limit) : limit, "crashes": scope.maxCrashes, "alone": scope.isAlone,
            ]
        ) { try $0.id(ChunkID.self) }
    }

    /// Settles chunks, counts at their parents what changed, and queues the merges that this completes.
    public func settle(_ settlements: [ChunkSettlement]) async throws(StoreError) -> ChunkSettleReceipt {
        guard !settlements.isEmpty else { return ChunkSettleReceipt(lost: [], merging: []) }
        return try await store.write { [store] db in
            try ChunkSettle.settle(settlements, merges: MergeInsert(store: store), in: db, at: store.clock.now())
        }
    }

    /// Takes back what workers without a lease hold; what has killed too many of them is settled as failed.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [ChunkID] {
        try await store.write { [store] db in
            let now = store.clock.now()
            let poison =
                try maxCrashes == 0
                ? []
                : db.rows(
                    """
                    SELECT id, lease_token, crashes FROM chunk_tasks
                    WHERE status = 'PROCESSING' AND crashes >= :limit
                      AND worker_id NOT IN (SELECT id FROM workers WHERE lease_until > :now)
                    """, ["now": now.microseconds, "limit": maxCrashes]
                ) { row in
                    ChunkSettlement(
                        try row.id(ChunkID.self), token: try row.token(),
                        .failed(error: Job.poisonMessage(crashes: try row.value(Int.self) + 1)))
                }
            if !poison.isEmpty {
                _ = try ChunkSettle.settle(poison, merges: MergeInsert(store: store), in: db, at: now)
                try db.run(
                    "UPDATE chunk_tasks SET crashes = crashes + 1 WHERE id IN (SELECT value FROM json_each(?))",
                    [json(poison.map(\.chunkID.sql))])
            }
            return try poison.map(\.chunkID)
                + db.rows(
                    """
                    UPDATE chunk_tasks
                    SET status = 'PENDING', worker_id = NULL, lease_token = lease_token + 1, crashes = crashes + 1
                    WHERE status = 'PROCESSING'
                      AND worker_id NOT IN (SELECT id FROM workers WHERE lease_until > ?)
                    RETURNING id
                    """, [now.microseconds]
                ) { try $0.id(ChunkID.self) }
        }
    }

    /// Reads what a worker holds from the index of held chunks.
    public func leases(of worker: WorkerID) async throws(StoreError) -> [ChunkID: LeaseToken] {
        try await store.read { db in
            let held = try db.rows(
                "SELECT id, lease_token FROM chunk_tasks WHERE worker_id = ? AND status = 'PROCESSING'", [worker.sql]
            ) { (try $0.id(ChunkID.self), try $0.token()) }
            return Dictionary(uniqueKeysWithValues: held)
        }
    }
}
