import Foundation
import MillracePostgres

/// The PostgreSQL server that script/bench has started for this run, and the programs that come with it.
///
/// Connections are not encrypted, neither ours nor those of the programs: encryption would take a part of the time of
/// both, and hide what is measured.
struct BenchServer {
    /// Leads to the database.
    let url: String
    private let root: String
    private let scratch: Scratch
    private let programs: String
    private let environment: [String: String]

    init(_ scratch: Scratch) throws {
        let environment = ProcessInfo.processInfo.environment
        guard let root = environment["MILLRACE_ROOT"], let text = environment["MILLRACE_TEST_POSTGRES"],
            var components = URLComponents(string: text)
        else { throw BenchmarkFailure("there is no server; start this by script/bench") }
        components.queryItems = [URLQueryItem(name: "sslmode", value: "disable")]
        guard let url = components.string, let host = components.host, let port = components.port,
            let user = components.user, let password = components.password
        else { throw BenchmarkFailure("MILLRACE_TEST_POSTGRES is no whole URL") }
        self.url = url
        self.root = root
        self.scratch = scratch
        programs = try Self.programs()
        self.environment = [
            "PGHOST": host, "PGPORT": "\(port)", "PGUSER": user, "PGPASSWORD": password,
            "PGDATABASE": String(components.path.dropFirst()), "PGSSLMODE": "disable",
        ]
    }

    /// Where the newest server's programs are, as script/servers finds them.
    private static func programs() throws -> String {
        let parent = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        let newest = versions.filter { FileManager.default.isExecutableFile(atPath: "\(parent)/\($0)/bin/pgbench") }
            .max { $0.compare($1, options: .numeric) == .orderedAscending }
        guard let newest else { throw BenchmarkFailure("pgbench is missing; run script/bootstrap --tests") }
        return "\(parent)/\(newest)/bin"
    }

    /// Opens a store in a schema of its own, with as many connections as figures are measured with.
    func store(_ schema: String, options: PostgresStore.Options = .init()) async throws -> PostgresStore {
        var options = options
        options.pool = try PostgresPool.Options(size: Self.connections, echo: options.pool?.echo ?? false)
        return try await PostgresStore(PostgresConfiguration(url).with(schema: schema), options: options)
    }

    /// The size of pools, and the number of tasks, threads and clients.
    static let connections = 16

    /// What a file beside the limits holds.
    func limitFile(_ name: String) throws -> String {
        try String(contentsOfFile: "\(root)/Benchmarks/Limits/Postgres/\(name)", encoding: .utf8)
    }

    /// Runs `psql` on a schema; returns what it prints.
    func psql(_ schema: String, _ commands: [String]) throws -> String {
        let options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        return try program("psql", options + commands.flatMap { ["-c", $0] }, schema)
    }

    /// Runs pgbench with a script on a schema, so often by each client; returns how many transactions came in a second,
    /// after connecting.
    ///
    /// Not for some time: pgbench would wait for an alarm, which is blocked in all that a process of ours starts.
    func pgbench(
        _ schema: String, script: String, transactions: Int, variables: [String: Int] = [:]
    ) throws -> Double {
        let path = scratch.file("pgbench.sql")
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        let report = try program(
            "pgbench",
            ["-n", "-M", "prepared", "-c", "\(Self.connections)", "-j", "2", "-f", path, "-t", "\(transactions)"]
                + variables.flatMap { ["-D", "\($0)=\($1)"] }, schema)
        guard report.contains("number of failed transactions: 0 "),
            let rate = report.firstMatch(of: /tps = ([0-9.]+) \(without initial connection time\)/).flatMap({
                Double($0.1)
            })
        else { throw BenchmarkFailure("pgbench says: \(report)") }
        return rate
    }

    private func program(_ name: String, _ arguments: [String], _ schema: String) throws -> String {
        var environment = environment
        environment["PGOPTIONS"] = "-c search_path=\(schema)"
        return try Self.run("\(programs)/\(name)", arguments, environment)
    }

    /// Runs a program to its end; fails with what it says when it fails.
    private static func run(
        _ path: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // Nobody here says so much on standard error that it has to be read meanwhile.
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let reason = try errors.fileHandleForReading.readToEnd() ?? Data()
            throw BenchmarkFailure("\(path): \(String(decoding: reason, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self)
    }
}
