internal import ArgumentParser
internal import Foundation
internal import Millrace

/// The option that names the server for what is measured.
struct PrometheusOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A Prometheus server that keeps and answers what is measured.",
            discussion: """
                http://user:password@host:port, or https:// with ?tls_ca=file for an authority of your own; it must run \
                with --web.enable-remote-write-receiver. The password may come from MILLRACE_PROMETHEUS_PASSWORD, a token \
                from MILLRACE_PROMETHEUS_TOKEN. While it is away, metrics wait on the disk beside the store. Without it: \
                MILLRACE_PROMETHEUS_URL, else metrics are kept in the store for 15 days.
                """,
            valueName: "url"))
    var prometheus: String?

    /// The server that was given, or that of the environment; `nil` for the store.
    func endpoint(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StoreError) -> PrometheusEndpoint? {
        guard let url = prometheus ?? environment["MILLRACE_PROMETHEUS_URL"], prometheus != nil || !url.isEmpty else {
            return nil
        }
        do throws(InvalidValue) {
            return try PrometheusEndpoint(url, environment: environment)
        } catch {
            throw StoreError(.invalid, "the \(error.kind) \(error.reason)", cause: error)
        }
    }
}
