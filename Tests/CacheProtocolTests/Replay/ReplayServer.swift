import Foundation
import MillraceCaching
import MillraceRedis
import TestServers
import Testing

/// A Redis of a replay's own, and what goes wrong with it.
final class ReplayServer: Sendable {
    let server: RedisServer
    let key: String

    init(_ server: RedisServer, key: String) {
        self.server = server
        self.key = key
    }

    /// A client of it, with time for a machine that is busy: what fails, the trace says.
    func client() throws -> RedisClient {
        try RedisClient(
            RedisConfiguration(server.url(options: "?timeout=30s&connect_timeout=30s"), environment: [:]))
    }

    /// Takes what is under the key away, in every epoch.
    func evictSlot() async throws { try await remove("*:v:\(key)") }

    func evictJournal() async throws { try await remove("*:journal") }

    /// Takes the rules away and leaves the cursor, as if they were two things.
    func evictRules() async throws { try await change("if n ~= '' then redis.call('HDEL', k, n) end") }

    func setCursor(_ cursor: SharedCursor) async throws {
        try await change("if n == '' then redis.call('HSET', k, n, '\(cursor)') end")
    }

    /// Does something with each name in the journal.
    private func change(_ body: String) async throws {
        let script = """
            for _, k in ipairs(redis.call('KEYS', '*:journal')) do
                for _, n in ipairs(redis.call('HKEYS', k)) do \(body) end
            end
            """
        try await send("EVAL", script, "0")
    }

    func flush() async throws { try await send("FLUSHALL") }

    func save() async throws {
        try await send("SAVE")
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: try await dump(), toPath: copy)
    }

    /// Ends the server and starts it again with what was saved.
    func comeBack() async throws {
        let dump = try await dump()
        try await server.crash()
        try? FileManager.default.removeItem(atPath: dump)
        try FileManager.default.copyItem(atPath: copy, toPath: dump)
        try await server.start()
    }

    private var copy: String { "\(server.folder)/saved.rdb" }

    private func dump() async throws -> String {
        let folder = try await setting("dir")
        return "\(folder)/\(try await setting("dbfilename"))"
    }

    private func setting(_ name: String) async throws -> String {
        try #require(try await send("CONFIG", "GET", name).elements?.last?.text)
    }

    private func remove(_ pattern: String) async throws {
        let script = "for _, k in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', k) end"
        try await send("EVAL", script, "0", pattern)
    }

    /// Has a command done over a connection of its own.
    @discardableResult
    private func send(_ name: String, _ words: String...) async throws -> RESPValue {
        let client = try client()
        defer { client.close() }
        return try await client.send(RedisCommand(name, words.map { .text($0) }))
    }
}
