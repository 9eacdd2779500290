import Foundation
import MillraceRedis

/// The Redis server that script/bench has started for this run, and redis-benchmark, which comes with it.
struct RedisBenchServer {
    /// How to reach it, without TLS.
    let configuration: RedisConfiguration
    private let port: Int
    private let password: String

    init() throws {
        guard let text = ProcessInfo.processInfo.environment["MILLRACE_TEST_REDIS"],
            let components = URLComponents(string: text), let port = components.port, let password = components.password
        else { throw BenchmarkFailure("there is no server; start this by script/bench") }
        configuration = try RedisConfiguration(text, environment: [:])
        self.port = port
        self.password = password
    }

    /// What redis-benchmark reads and writes.
    static let key = "key:__rand_int__"
    /// The size of the values, in bytes.
    static let size = 100

    /// Runs one test of redis-benchmark with so many clients, which send so many commands at a time.
    ///
    /// - Returns: commands in a second.
    func benchmark(_ test: String, clients: Int, pipeline: Int, requests: Int) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "redis-benchmark", "-h", "127.0.0.1", "-p", "\(port)", "-a", password, "-t", test, "-d", "\(Self.size)",
            "-c", "\(clients)", "-P", "\(pipeline)", "-n", "\(requests)", "--csv",
        ]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        // "GET","123456.78",… under a line of titles.
        let columns = text.split(separator: "\n").last?.split(separator: ",") ?? []
        guard process.terminationStatus == 0, columns.count > 1, columns[0] == "\"\(test.uppercased())\"",
            let rate = Double(columns[1].trimmingPrefix("\"").prefix { $0 != "\"" }), rate > 0
        else { throw BenchmarkFailure("redis-benchmark says: \(text)") }
        return rate
    }
}
