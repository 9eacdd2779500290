internal import MillraceCore
internal import MillracePostgres
internal import MillraceRedis

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

/// What names a store, opened; `redis` leads to the hints beside one in PostgreSQL.
func openEffectStore(_ name: String, redis: String? = nil) async throws -> any EffectStore {
    guard name.hasPrefix("postgres") else { return try SQLiteEffectStore(path: name) }
    return try await openPostgresEffectStore(name, redis: redis)
}

/// The same of one that is in PostgreSQL.
func openPostgresEffectStore(_ url: String, redis: String?) async throws -> PostgresEffectStore {
    let store = try await PostgresStore(PostgresConfiguration(url))
    guard let redis else { return PostgresEffectStore(store) }
    return PostgresEffectStore(
        store, hints: try RedisClient(RedisConfiguration(redis)), storeID: try await store.identity())
}
