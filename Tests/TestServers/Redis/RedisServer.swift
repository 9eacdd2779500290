internal import Foundation
internal import Synchronization

/// A Redis server on two loopback ports, one of them for TLS.
///
/// The default user may do everything; `ann` may read the keys that begin with `ann:`. They have one password.
public final class RedisServer: Sendable {
    /// Where its log and its certificates are: `ca.crt`, `certified.crt`, `certified.key`.
    public let folder: String
    /// Its port, the same after every restart.
    public let port: Int
    /// Its port for TLS, under the name `localhost`.
    public let tlsPort: Int
    /// The password of its users.
    public let password: String

    private static let starting = Mutex<Task<RedisServer, any Error>?>(nil)

    /// The server that tests share; each has keys of its own in it.
    ///
    /// Started by `script/servers`, or by the first test that asks, and then it ends with this process.
    public static var shared: RedisServer {
        get async throws {
            let task = starting.withLock { task in
                let running =
                    task
                    ?? Task {
                        let environment = ProcessInfo.processInfo.environment
                        return environment["MILLRACE_TEST_REDIS"] == nil
                            ? try await start() : try RedisServer(environment)
                    }
                task = running
                return running
            }
            return try await task.value
        }
    }

    /// Gives a test a server of its own, which it may do with what it likes, and ends it afterwards.
    public static func with<Value: Sendable>(_ body: (RedisServer) async throws -> Value) async throws -> Value {
        let server = try await start()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        try await ServerScript.stop(server.folder)
        return try result.get()
    }

    private static func start() async throws -> RedisServer {
        try RedisServer(try await ServerScript.start(in: try ServerScript.makeFolder(), only: "redis"))
    }

    private init(_ variables: [String: String]) throws {
        guard let folder = variables["MILLRACE_TEST_SERVERS"],
            let url = variables["MILLRACE_TEST_REDIS"].flatMap({ URLComponents(string: $0) }),
            let tls = variables["MILLRACE_TEST_REDIS_TLS"].flatMap({ URLComponents(string: $0) }),
            let port = url.port, let tlsPort = tls.port, let password = url.password
        else {
            throw TestServerError("MILLRACE_TEST_SERVERS and MILLRACE_TEST_REDIS are not those of script/servers")
        }
        self.folder = folder
        self.port = port
        self.tlsPort = tlsPort
        self.password = password
    }

    /// Leads to the server, by its port or that of a proxy before it.
    public func url(
        user: String = "", password: String? = nil, database: Int = 0, port: Int? = nil, options: String = ""
    ) -> String {
        "redis://\(user):\(password ?? self.password)@127.0.0.1:\(port ?? self.port)/\(database)\(options)"
    }

    /// Leads to the server by TLS; the options stand behind the question mark.
    public func tlsURL(options: String) -> String {
        "rediss://:\(password)@localhost:\(tlsPort)?\(options)"
    }

    /// Ends the server of a test's own at once; what it knew is gone.
    public func crash() async throws {
        let process = try process()
        try process.send(SIGKILL)
        try await [process].ended()
    }

    /// Lets the server of a test's own do nothing, with its connections open.
    public func freeze() throws { try process().send(SIGSTOP) }

    /// Lets it go on.
    public func thaw() throws { try process().send(SIGCONT) }

    /// Starts it again after a crash, on the same ports.
    public func start() async throws {
        _ = try await ServerScript.start(in: folder, only: "redis")
    }

    private func process() throws -> ServerProcess {
        guard let process = ServerProcess(fileAt: "\(folder)/redis.pid") else {
            throw TestServerError("the Redis server of \(folder) is not running")
        }
        return process
    }
}
