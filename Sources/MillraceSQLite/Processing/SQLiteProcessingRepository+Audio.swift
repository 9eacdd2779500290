internal import Foundation
internal import GRDB
public import MillraceCore

extension SQLiteProcessingRepository {
    /// Keeps the sound of chunks in one transaction, a statement each.
    public func storeAudio(_ audio: [ChunkID: [UInt8]]) async throws(StoreError) {
        guard !audio.isEmpty else { return }
        try await store.write { db in
            for (id, sound) in audio {
                try db.run(
                    """
                    INSERT INTO chunk_audio (chunk_id, flac)
                    SELECT id, :flac FROM chunk_tasks WHERE id = :id AND status IN ('PENDING', 'PROCESSING')
                    ON CONFLICT (chunk_id) DO UPDATE SET flac = excluded.flac
                    """, ["id": id.sql, "flac": Data(sound)])
            }
        }
    }

    /// Reads the sound that is kept of a chunk.
    public func audio(of id: ChunkID) async throws(StoreError) -> [UInt8]? {
        try await store.read { db in
            try db.rows("SELECT flac FROM chunk_audio WHERE chunk_id = ?", [id.sql]) { try $0.value(Data.self) }
                .first.map { Array($0) }
        }
    }

    /// Reads the open chunks of which no sound is kept.
    public func chunksWithoutAudio(of id: ProcessingID) async throws(StoreError) -> [ChunkTask] {
        try await store.read { db in
            try db.rows(
                """
                SELECT \(ChunkRow.columns) FROM chunk_tasks
                WHERE processing_id = ? AND status IN ('PENDING', 'PROCESSING')
                  AND NOT EXISTS (SELECT 1 FROM chunk_audio WHERE chunk_id = chunk_tasks.id)
                ORDER BY chunk_index
                """, [id.sql], ChunkRow.read)
        }
    }
}
