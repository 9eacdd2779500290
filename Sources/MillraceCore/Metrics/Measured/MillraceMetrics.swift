/// The metrics that the libraries measure of themselves, in one table; `docs/metrics.md` explains them.
///
/// They are made through swift-metrics, by whatever factory there is when a worker, a cache, a pool, a client or an engine is
/// made; a collector that is given ``definitions`` knows their help, units and buckets. None has an identity as a label: there
/// are as many series as queues, types of jobs and kinds of engines.
public enum MillraceMetrics {
    /// All metrics: those of jobs, chunks, the cache, connections.
    public static let all = jobs + chunks + cache + connections

    /// What they are, for a collector.
    public static var definitions: [MetricDefinition] { all.map(\.definition) }

    /// The value of a label for everything that has no value of its own, so that there are no more than so many.
    package static let others = "(others)"
    /// Queues beyond so many, by their names, are ``others``.
    package static let mostQueues = 100
}

// MARK: - Jobs

extension MillraceMetrics {
    private static let jobs = [
        queueDepth, oldestQueued, jobOutcomes, jobWait, jobRun, rescues, mendedProcessings, lostWorkerLeases,
        storeFailures,
    ]

    package static let queueDepth = MeasuredMetric(
        "millrace_jobs", .gauge, labels: ["queue", "status"],
        "Jobs of each queue by status, as the store counts them. Each worker of a store says the same: take the maximum."
    )
    package static let oldestQueued = MeasuredMetric(
        "millrace_oldest_queued_job_seconds", .gauge, labels: ["queue"], unit: "seconds",
        "How long the oldest QUEUED job of each queue has waited; 0 when none is QUEUED. Take the maximum.")
    package static let jobOutcomes = MeasuredMetric(
        "millrace_jobs_total", .counter, labels: ["type", "outcome"],
        """
        Runs of jobs by what became of them: completed, retried, failed (for good), snoozed, awaiting, released, cancelled, \
        or lost (another had the lease by then, and nothing was changed).
        """)
    package static let jobWait = MeasuredMetric(
        "millrace_job_wait_seconds", .histogram, labels: ["type"], unit: "seconds", buckets: .longSeconds,
        """
        How long jobs waited for their first run, from their enqueueing to their claim; a delay that was asked for is part of \
        it.
        """)
    package static let jobRun = MeasuredMetric(
        "millrace_job_run_seconds", .histogram, labels: ["type"], unit: "seconds", buckets: .longSeconds,
        "How long runs of jobs took, however they ended.")
    package static let rescues = MeasuredMetric(
        "millrace_rescues_total", .counter, labels: ["kind"],
        "Jobs and chunks that were taken back from workers that died.")
    package static let mendedProcessings = MeasuredMetric(
        "millrace_processings_mended_total", .counter,
        "Processings whose counters or merge the sweep had to put right.")
    package static let lostWorkerLeases = MeasuredMetric(
        "millrace_worker_leases_lost_total", .counter,
        "Leases that workers lost, because no heartbeat got through in time; all their work was stopped.")
    package static let storeFailures = MeasuredMetric(
        "millrace_store_failures_total", .counter, labels: ["code"],
        "Failures of the store that workers met: claims, settlements and heartbeats that are tried again.")
}

// MARK: - Chunks

extension MillraceMetrics {
    private static let chunks = [chunkOutcomes, chunkSeconds, audioSeconds, realTimeFactor]

    package static let chunkOutcomes = MeasuredMetric(
        "millrace_chunks_total", .counter, labels: ["engine", "outcome"],
        """
        Runs of chunks by what became of them: completed, cached (completed from the cache), retried, failed (for good), \
        released, or lost.
        """)
    package static let chunkSeconds = MeasuredMetric(
        "millrace_chunk_seconds", .histogram, labels: ["engine"], unit: "seconds",
        "How long the engine took for a chunk that it transcribed, its waiting for an API included.")
    package static let audioSeconds = MeasuredMetric(
        "millrace_audio_seconds_total", .counter, labels: ["engine"], unit: "seconds",
        "Sound that engines have transcribed. Its rate is the real-time factor of all together.")
    package static let realTimeFactor = MeasuredMetric(
        "millrace_realtime_factor", .histogram, labels: ["engine"], buckets: .speeds,
        "Seconds of sound that the engine transcribed in a second, of each chunk.")
}

// MARK: - Cache

extension MillraceMetrics {
    private static let cache = [
        cacheRequests, cacheLoads, cacheLoadSeconds, cacheEvictions, cacheEntries, cacheBytes, cacheDamaged,
        invalidationDelay,
    ]

    package static let cacheRequests = MeasuredMetric(
        "millrace_cache_requests_total", .counter, labels: ["tier", "result"],
        "Lookups that reached a tier, by whether it had the value (hit, miss); reported every ten seconds.")
    package static let cacheLoads = MeasuredMetric(
        "millrace_cache_loads_total", .counter, labels: ["result"],
        "Values that were made because no tier had them: success, failure, cancelled.")
    package static let cacheLoadSeconds = MeasuredMetric(
        "millrace_cache_load_seconds", .histogram, unit: "seconds",
        "How long it took to make a value, be it successfully or not.")
    package static let cacheEvictions = MeasuredMetric(
        "millrace_cache_evictions_total", .counter, labels: ["tier"],
        "Values that a tier gave up to stay within its bounds.")
    package static let cacheEntries = MeasuredMetric(
        "millrace_cache_entries", .gauge, labels: ["tier"], "Values in the memory of the process.")
    package static let cacheBytes = MeasuredMetric(
        "millrace_cache_bytes", .gauge, labels: ["tier"], unit: "bytes", "Bytes that the values in memory take.")
    package static let cacheDamaged = MeasuredMetric(
        "millrace_cache_damaged_total", .counter, labels: ["tier"],
        "Values that were there and could not be read.")
    package static let invalidationDelay = MeasuredMetric(
        "millrace_cache_invalidation_delay_seconds", .histogram, unit: "seconds",
        """
        For how long memory may at most have served what had been overwritten: from the question to the store before the \
        one that named new writes, until memory had followed them. With Redis messages are mostly quicker.
        """)
}

// MARK: - Connections

extension MillraceMetrics {
    private static let connections = [
        poolConnections, poolWaiting, poolWait, poolTimeouts, poolOpens, redisRoundTrip, redisCommands,
        redisConnections, httpRequests, httpHolds,
    ]

    package static let poolConnections = MeasuredMetric(
        "millrace_pool_connections", .gauge, labels: ["state"],
        "Connections of the pool to PostgreSQL: in_use (opening ones included), idle.")
    package static let poolWaiting = MeasuredMetric(
        "millrace_pool_waiting", .gauge, "Callers that wait for a connection.")
    package static let poolWait = MeasuredMetric(
        "millrace_pool_wait_seconds", .histogram, unit: "seconds",
        "How long callers waited for a connection, of those that had to, however that ended.")
    package static let poolTimeouts = MeasuredMetric(
        "millrace_pool_timeouts_total", .counter, "Callers that waited in vain.")
    package static let poolOpens = MeasuredMetric(
        "millrace_pool_opens_total", .counter, labels: ["result"],
        "Connections to PostgreSQL that were opened, or could not be: success, failure.")
    package static let redisRoundTrip = MeasuredMetric(
        "millrace_redis_round_trip_seconds", .histogram, unit: "seconds", buckets: .roundTrips,
        "From the sending of a command to its reply: of one command at a time, however many are on the way.")
    package static let redisCommands = MeasuredMetric(
        "millrace_redis_commands_total", .counter, labels: ["outcome"],
        "Commands to Redis: answered, timed_out, lost (with the connection), refused (unsent), cancelled.")
    package static let redisConnections = MeasuredMetric(
        "millrace_redis_connections_total", .counter, "Connections to Redis that were made.")
    package static let httpRequests = MeasuredMetric(
        "millrace_http_request_seconds", .histogram, labels: ["purpose", "result"], unit: "seconds",
        """
        Requests over HTTP from their sending to the end of the answer, by purpose (transcription, check, recording) and \
        result (2xx, 3xx, 4xx, 429, 5xx, or why there was no answer).
        """)
    package static let httpHolds = MeasuredMetric(
        "millrace_http_hold_seconds", .histogram, unit: "seconds",
        "How long requests were held back, because an API limits them or fails.")
}
