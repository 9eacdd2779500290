/// Keeps transcripts.
///
/// `save` inserts or replaces. `delete` is ``delete(_:force:)`` without force.
public protocol TranscriptRepository: Repository where Aggregate == Transcript {
    /// Deletes a transcript with its jobs, processings, chunks and cached results, in one transaction.
    ///
    /// A result that a worker is about to cache at this moment, and what the memory of other processes holds, end by
    /// their TTL. Deleting one that does not exist changes nothing. With `force`, one whose processing has not ended is deleted
    /// too; what its workers hold is fenced.
    ///
    /// - Throws: `conflict` when it has not ended and `force` is not given.
    func delete(_ id: TranscriptID, force: Bool) async throws(StoreError)

    /// Whether a run over the recording may still need its sound: one of its transcripts is neither COMPLETED nor
    /// CANCELLED.
    func isInUse(hash: ContentHash) async throws(StoreError) -> Bool

    /// Transcripts without their text and segments, newest first: those older than `id`, or from the newest for `nil`.
    func list(after id: TranscriptID?, limit: Int) async throws(StoreError) -> [Transcript]

    /// The newest transcript of a recording, with its text; `nil` when there is none.
    func find(hash: ContentHash) async throws(StoreError) -> Transcript?
}

extension TranscriptRepository {
    /// All transcripts without their text and segments, newest first, read a page at a time.
    public func all() -> PagedSequence<Transcript, TranscriptID> {
        PagedSequence(
            pageSize: 200, cursor: { $0.id },
            fetch: { [self] cursor, limit throws(StoreError) in
                try await list(after: cursor, limit: limit)
            })
    }
}
