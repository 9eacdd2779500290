internal import Foundation
internal import Synchronization

/// A Redis or Valkey server on a loopback port, and of Redis on another one for TLS.
///
/// The default user may do everything; `ann` may read the keys that begin with `ann:`. They have one password.
public final class RedisServer: Sendable {
    /// Whose server it is.
    public enum Program: String, Sendable, CaseIterable {
        case redis
        /// It is built without TLS.
        case valkey
    }

    /// Whose server it is.
    public let program: Program
    /// Where its log and its certificates are: `ca.crt`, `certified.crt`, `certified.key`.
    public let folder: String
    /// Its port, the same after every restart.
    public let port: Int
    /// The port of Redis for TLS, under the name `localhost`.
    public let tlsPort: Int
    /// The password of its users.
    public let password: String

    private static let starting = Mutex<[Program: Task<RedisServer, any Error>]>([:])

    /// The Redis server that tests share; each has keys of its own in it.
    ///
    /// Started by `script/servers`, or by the first test that asks, and then it ends with this process.
    public static var shared: RedisServer {
        get async throws { try await shared(.redis) }
    }

    /// The server of each program that tests share.
    public static func shared(_ program: Program) async throws -> RedisServer {
        let task = starting.withLock { tasks in
            let running =
                tasks[program]
                ?? Task {
                    let environment = ProcessInfo.processInfo.environment
                    return environment[Self.variable(program)] == nil
                        ? try await start(program, []) : try RedisServer(program, environment)
                }
            tasks[program] = running
            return running
        }
        return try await task.value
    }

    /// Gives a test a server of its own, with which it may do what it likes, and ends it afterwards.
    ///
    /// The lines are added to its configuration.
    public static func with<Value: Sendable>(
        _ program: Program = .redis, lines: [String] = [], _ body: (RedisServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(program, lines)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        try await ServerScript.stop(server.folder)
        return try result.get()
    }

    private static func start(_ program: Program, _ lines: [String]) async throws -> RedisServer {
        let variables = try await ServerScript.start(
            in: try ServerScript.makeFolder(), only: program.rawValue, options: lines.flatMap { ["--redis", $0] })
        return try RedisServer(program, variables)
    }

    private static func variable(_ program: Program) -> String { "MILLRACE_TEST_\(program.rawValue.uppercased())" }

    private init(_ program: Program, _ variables: [String: String]) throws {
        guard let folder = variables["MILLRACE_TEST_SERVERS"],
            let url = variables[Self.variable(program)].flatMap({ URLComponents(string: $0) }),
            let port = url.port, let password = url.password
        else {
            throw TestServerError("the variables MILLRACE_TEST_… are not those of script/servers")
        }
        self.program = program
        self.folder = folder
        self.port = port
        self.password = password
        tlsPort = variables["MILLRACE_TEST_REDIS_TLS"].flatMap { URLComponents(string: $0)?.port } ?? 0
    }

    /// Leads to the server, by its port or that of a proxy before it.
    public func url(
        user: String = "", password: String? = nil, database: Int = 0, port: Int? = nil, options: String = ""
    ) -> String {
        "redis://\(user):\(password ?? self.password)@127.0.0.1:\(port ?? self.port)/\(database)\(options)"
    }

    /// Leads to the server by TLS, under a name of this host; the options stand behind the question mark.
    public func tlsURL(host: String = "localhost", options: String) -> String {
        "rediss://:\(password)@\(host):\(tlsPort)?\(options)"
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
        _ = try await ServerScript.start(in: folder, only: program.rawValue)
    }

    private func process() throws -> ServerProcess {
        guard let process = ServerProcess(fileAt: "\(folder)/\(program.rawValue).pid") else {
            throw TestServerError("the \(program.rawValue) server of \(folder) is not running")
        }
        return process
    }
}
