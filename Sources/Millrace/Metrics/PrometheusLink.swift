internal import AsyncHTTPClient
internal import Logging
internal import MillraceCore
internal import MillracePrometheus
internal import Synchronization

/// The Prometheus server beside a store, and how it is asked.
final class PrometheusLink: Sendable {
    let endpoint: PrometheusEndpoint
    let client: PrometheusClient
    /// Is told what the server warns of in an answer, as that it is not whole.
    let warn: @Sendable (String) -> Void

    private let http: HTTPClient
    private let isClosed = Mutex(false)

    /// Does not connect yet.
    ///
    /// - Throws: `invalid` when a file of TLS cannot be used.
    init(_ endpoint: PrometheusEndpoint, logger: Logger?) throws(StoreError) {
        do throws(InvalidValue) {
            http = HTTPClient(configuration: try PrometheusEndpoint.clientConfiguration(for: endpoint))
        } catch {
            throw StoreError(.invalid, "\(error.kind) of the Prometheus URL: \(error.reason)", cause: error)
        }
        self.endpoint = endpoint
        client = PrometheusClient(endpoint, http: http)
        warn = { logger?.warning("Prometheus warns of an answer", metadata: ["reason": "\($0)"]) }
    }

    deinit {
        // Like a store, it need not be closed by those who use it until the process ends.
        if endUse() { http.shutdown { _ in } }
    }

    /// Closes the connections.
    func close() async {
        // It fails only when that has been done.
        if endUse() { try? await http.shutdown() }
    }

    /// Whether it was open until now.
    private func endUse() -> Bool {
        isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
    }
}
