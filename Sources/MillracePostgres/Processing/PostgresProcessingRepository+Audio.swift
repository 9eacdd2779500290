public import MillraceCore

extension PostgresProcessingRepository {
    /// Keeps the sound of chunks by one statement.
    public func storeAudio(_ audio: [ChunkID: [UInt8]]) async throws(StoreError) {
        guard !audio.isEmpty else { return }
        try await store.execute(
            """
            WITH line AS MATERIALIZED (
                SELECT * FROM unnest($1::uuid[], $2::bytea[]) AS line (id, flac)
            ), held AS MATERIALIZED (
                SELECT line.*, chunk.processing_id
                FROM line JOIN \(store.schema).chunk_tasks AS chunk ON chunk.id = line.id
            ), \(ChunkCount.locked(in: store.schema))
            UPDATE \(store.schema).chunk_tasks AS chunk SET audio = held.flac FROM held
            WHERE chunk.id = held.id AND chunk.status IN ('PENDING', 'PROCESSING') AND \(ChunkCount.areLocked)
            """, [.ids(Array(audio.keys)), .byteArrays(audio.values.map { $0 })], isIdempotent: true)
    }

    /// Reads the sound that is kept of a chunk.
    public func audio(of id: ChunkID) async throws(StoreError) -> [UInt8]? {
        try await store.rows(
            "SELECT audio FROM \(store.schema).chunk_tasks WHERE id = $1 AND audio IS NOT NULL", [.id(id)],
            isIdempotent: true
        ) { [UInt8](try $0.data()) }.first
    }

    /// Reads the open chunks of which no sound is kept.
    public func chunksWithoutAudio(of id: ProcessingID) async throws(StoreError) -> [ChunkTask] {
        try await store.rows(
            """
            SELECT \(ChunkRow.columns) FROM \(store.schema).chunk_tasks
            WHERE processing_id = $1 AND audio IS NULL AND status IN ('PENDING', 'PROCESSING') ORDER BY chunk_index
            """, [.id(id)], isIdempotent: true
        ) { try ChunkRow.read(&$0) }
    }
}
