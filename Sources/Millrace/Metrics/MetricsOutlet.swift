internal import Dispatch
internal import MillraceCore
internal import MillracePrometheus

/// Where what is measured goes: into a table of the store, or by way of a log on the disk to a Prometheus server.
final class MetricsOutlet: Sendable {
    /// What keeps it, and answers for it.
    let repository: any MetricsRepository
    /// The server; `nil` for the table.
    let server: PrometheusLink?

    private let log: OutboxOpening?
    private let folder: String
    private let storeID: @Sendable () async throws(StoreError) -> String

    /// Over the table, with a server in its place if there is one. `folder` is where processes tell which of them is which.
    init(
        _ table: some MetricsRepository & MetricDefinitionStore, _ server: PrometheusLink?, folder: String,
        clock: (any WallClock)?, storeID: @escaping @Sendable () async throws(StoreError) -> String
    ) {
        self.server = server
        self.folder = folder
        self.storeID = storeID
        guard let server else {
            repository = table
            log = nil
            return
        }
        let log = OutboxOpening(folder: folder)
        repository = PrometheusMetricsRepository(
            server.client, definitions: table, clock: clock ?? SystemWallClock(),
            warn: server.warn, recorder: { () throws(StoreError) in try await log.opened().recorder })
        self.log = log
    }

    /// Closes the log, if it was opened, and the connections; what is in the log is for the next process.
    func close() async {
        await log?.close()
        await server?.close()
    }

    /// What series call the store by.
    ///
    /// - Throws: what the store throws.
    func storeName() async throws(StoreError) -> String { String(try await storeID().prefix(8)) }

    /// Takes a place among the processes of this host, and the log with it.
    ///
    /// - Throws: `unavailable`, `readOnly` or `full` when the folder cannot be used.
    func take(for store: String) async throws(StoreError) -> MetricsPlace {
        guard let log else {
            return MetricsPlace(.slot(try await InstanceSlot.lock(in: folder)), store: store)
        }
        return MetricsPlace(.log(try await log.opened().outbox), store: store)
    }

    /// What the logs of all processes look like from outside.
    func reports() async throws(StoreError) -> [OutboxReport] {
        let result = await withCheckedContinuation { continuation in
            // Files are read, which may take a while.
            DispatchQueue(label: "millrace.outbox.reports").async { [folder] in
                continuation.resume(
                    returning: Result { () throws(StoreError) in try Outbox.inspect(folder: folder) })
            }
        }
        return try result.get()
    }
}
