internal import Foundation
internal import Synchronization

/// A Prometheus server on a loopback port, that scrapes nothing and takes what is written to it.
///
/// It refuses samples that are older than an hour before its newest one.
public final class PrometheusServer: Sendable {
    /// Where its log is, its data, and with TLS the certificate of its authority, `ca.crt`.
    public let folder: String
    /// Its port, the same after every restart.
    public let port: Int
    /// Whether it wants TLS, user `millrace` and ``password``.
    public let isSecure: Bool
    /// The password of a server that wants one.
    public let password: String

    private static let starting = Mutex<Task<PrometheusServer, any Error>?>(nil)
    private static let variable = "MILLRACE_TEST_PROMETHEUS"

    /// The server that tests share; each has metrics of its own in it.
    ///
    /// Started by `script/servers`, or by the first test that asks, and then it ends with this process.
    public static var shared: PrometheusServer {
        get async throws {
            let task = starting.withLock { task in
                let running =
                    task
                    ?? Task {
                        let environment = ProcessInfo.processInfo.environment
                        return environment[variable] == nil ? try await start([]) : try PrometheusServer(environment)
                    }
                task = running
                return running
            }
            return try await task.value
        }
    }

    /// Gives a test a server of its own, with which it may do what it likes, and ends it afterwards.
    ///
    /// The words are added to its command line, as in `--query.max-samples=100`.
    public static func with<Value: Sendable>(
        isSecure: Bool = false, words: [String] = [], _ body: (PrometheusServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(words.flatMap { ["--prometheus", $0] } + (isSecure ? ["--tls"] : []))
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        try await ServerScript.stop(server.folder)
        return try result.get()
    }

    private static func start(_ options: [String]) async throws -> PrometheusServer {
        try PrometheusServer(
            await ServerScript.start(in: try ServerScript.makeFolder(), only: "prometheus", options: options))
    }

    private init(_ variables: [String: String]) throws {
        guard let url = variables[Self.variable].flatMap({ URLComponents(string: $0) }), let port = url.port else {
            throw TestServerError("the variables MILLRACE_TEST_… are not those of script/servers")
        }
        folder = variables["MILLRACE_TEST_SERVERS"] ?? ""
        self.port = port
        isSecure = url.scheme == "https"
        password = url.password ?? ""
    }

    /// Leads to the server, with what it wants of those who come; by its port or that of a proxy before it.
    public func url(port: Int? = nil) -> String {
        guard isSecure else { return "http://127.0.0.1:\(port ?? self.port)" }
        return "https://millrace:\(password)@localhost:\(port ?? self.port)?tls_ca=\(folder)/ca.crt"
    }

    /// Ends the server of a test's own at once; what it has answered for stays in its data.
    public func crash() async throws {
        let process = try process()
        try process.send(SIGKILL)
        try await [process].ended()
    }

    /// Lets the server of a test's own do nothing, with its connections open; returns when it does.
    public func freeze() async throws {
        let process = try process()
        try process.send(SIGSTOP)
        while !process.isStopped { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// Lets it go on.
    public func thaw() throws { try process().send(SIGCONT) }

    /// Starts it again after a crash, on the same port and data; returns when it takes requests.
    public func start() async throws {
        _ = try await ServerScript.start(in: folder, only: "prometheus")
    }

    private func process() throws -> ServerProcess {
        guard let process = ServerProcess(fileAt: "\(folder)/prometheus.pid") else {
            throw TestServerError("the Prometheus server of \(folder) is not running")
        }
        return process
    }
}
