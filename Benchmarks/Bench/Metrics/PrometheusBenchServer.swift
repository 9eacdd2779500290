import Foundation

/// The Prometheus that script/bench has started for this run.
struct PrometheusBenchServer {
    /// Leads to it, without TLS and without a password.
    let url: String
    let host: String
    let port: Int

    init() throws {
        guard let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_PROMETHEUS"],
            let components = URLComponents(string: url), components.scheme == "http",
            let host = components.host, let port = components.port
        else { throw BenchmarkFailure("there is no Prometheus; start this by script/bench") }
        self.url = url
        self.host = host
        self.port = port
    }
}
