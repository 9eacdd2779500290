import Millrace
import MillracePostgres

/// Sends an order's goods.
struct Ship: JobHandler {
    let jobType = JobType(known: "ship")

    func run(_ order: Int, in context: JobContext) async throws -> NoResult {
        context.logger.debug("Shipping")
        return NoResult()
    }
}

// snippet.open
let millrace = try await Millrace(store: StoreLocation("postgres://millrace@db.example/millrace"))
let options = TranscriptionOptions(uploadsAudio: true)
let job = try await millrace.enqueue(
    .file("hearing.flac"), engine: PocketSphinxTranscriber().identity, options: options)
await millrace.close()
// snippet.end

// snippet.redis
let fleet = try await Millrace(
    store: StoreLocation("postgres://millrace@db.example/millrace"),
    redis: RedisConfiguration("rediss://cache.example"))
// snippet.end

// snippet.pool
let pool = PostgresPool(
    try PostgresConfiguration("postgres://app@db.example/shop?sslmode=verify-full"),
    options: try PostgresPool.Options(size: 20, maxOverflow: 10))
let shop = Millrace(try await RepositoryFactory(pool: pool))
// snippet.end

// snippet.transaction
let jobs = PostgresJobQueueRepository(try await PostgresStore(pool: pool))
try await jobs.store.transaction { connection in
    try await connection.execute("INSERT INTO orders (id) VALUES ($1)", [.int8(7)])
    _ = try await jobs.enqueue([try Ship().request(7)], in: connection)
}
try await shop.worker(handlers: [Ship()]).run()
// snippet.end
