import Foundation
import MillraceRedis
import TestServers
import Testing

/// Waits until something is so; the suite's time limit ends a wait for nothing.
func eventually(_ condition: () async throws -> Bool) async throws {
    while !(try await condition()) { try await Task.sleep(for: .milliseconds(5)) }
}

extension RedisServer {
    /// A client of the server, or of a proxy before it.
    func client(
        user: String = "", password: String? = nil, database: Int = 0, port: Int? = nil, options: String = ""
    ) throws -> RedisClient {
        try RedisClient(
            configuration(user: user, password: password, database: database, port: port, options: options))
    }

    /// How to reach it, without what the environment of the tests may say, and with time for a machine that is busy.
    func configuration(
        user: String = "", password: String? = nil, database: Int = 0, port: Int? = nil, options: String = ""
    ) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(
            url(user: user, password: password, database: database, port: port, options: options), environment: [:])
        (configuration.commandTimeout, configuration.connectTimeout) = (.seconds(30), .seconds(30))
        return configuration
    }
}

extension RedisClient {
    /// How often a server of the test's own has run a command, in scripts too.
    func calls(of command: String) async throws -> Int {
        let info = try await send(RedisCommand("INFO", "commandstats")).text ?? ""
        let line = info.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line?.split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) } ?? 0
    }
}

/// A prefix that no other test has.
func ownPrefix() -> String { "test:\(UUID().uuidString):" }

/// The error that something throws, which it must.
func redisError(
    _ body: () async throws -> some Sendable, sourceLocation: SourceLocation = #_sourceLocation
) async -> RedisError? {
    await #expect(throws: RedisError.self, sourceLocation: sourceLocation) { _ = try await body() }
}

/// The code of the error that something throws; `nil` when it throws none.
func code(of body: () async throws -> some Sendable) async -> RedisError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? RedisError)?.code
    }
}
