public import MillraceCore

/// Transcripts in memory, for tests and for programs that need no durability.
public struct InMemoryTranscriptRepository: TranscriptRepository {
    private let store: InMemoryStore

    /// Makes a repository over a store, which other repositories may share.
    public init(_ store: InMemoryStore) {
        self.store = store
    }

    /// See the port.
    public func save(_ transcript: Transcript) async throws(StoreError) {
        try store.step { state, _ in state.transcripts[transcript.id] = transcript }
    }

    /// See the port.
    public func load(_ id: TranscriptID) async throws(StoreError) -> Transcript? {
        try store.step { state, _ in state.transcripts[id] }
    }

    /// See the port.
    public func delete(_ id: TranscriptID) async throws(StoreError) {
        try await delete(id, force: false)
    }

    /// See the port; cached results go from an ``InMemoryCacheStore`` over the same store.
    public func delete(_ id: TranscriptID, force: Bool) async throws(StoreError) {
        try store.step { (state, _) throws(StoreError) in try state.deleteTranscript(id, force: force) }
    }

    /// See the port.
    public func list(after id: TranscriptID?, limit: Int) async throws(StoreError) -> [Transcript] {
        try store.step { state, _ in state.listTranscripts(after: id, limit: limit) }
    }

    /// See the port.
    public func isInUse(hash: ContentHash) async throws(StoreError) -> Bool {
        try store.step { state, _ in
            state.transcripts.values.contains {
                $0.hash == hash && $0.status != .completed && $0.status != .cancelled
            }
        }
    }

    /// See the port.
    public func find(hash: ContentHash) async throws(StoreError) -> Transcript? {
        try store.step { state, _ in
            state.transcripts.values.filter { $0.hash == hash }.max { $0.id < $1.id }
        }
    }
}
