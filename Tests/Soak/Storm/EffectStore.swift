internal import MillraceCore
internal import MillracePostgres

/// A store whose jobs write what they have done into a table beside them. No key forbids that a job is written twice, so
/// that it shows.
protocol EffectStore: Sendable {
    var jobs: any JobQueueRepository { get }
    var processings: any ProcessingRepository { get }
    var transcripts: any TranscriptRepository { get }
    var cache: any CacheStore { get }

    /// Makes the table, unless it is there.
    func prepare() async throws

    /// Notes that this process does what a job asks for, and no more.
    func note(_ job: JobID) async throws

    /// Notes it and settles the job, both or neither.
    ///
    /// - Throws: ``EffectHandler/LeaseLost`` when somebody else has the job by now.
    func noteAndSettle(_ job: Job) async throws

    /// The effects, and the jobs that have any.
    func counts() async throws -> (effects: Int, jobs: Int)

    /// Lets go of the store.
    func close() async
}

/// What names a store, opened.
func openEffectStore(_ name: String) async throws -> any EffectStore {
    guard name.hasPrefix("postgres") else { return try SQLiteEffectStore(path: name) }
    return PostgresEffectStore(try await PostgresStore(PostgresConfiguration(name)))
}
