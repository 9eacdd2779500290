import MillraceRedis

/// What the server notes of the commands that take it long.
struct SlowLog {
    /// One command.
    struct Entry {
        /// How long the server was at it.
        let microseconds: Int
        /// Its name and its arguments, of which the server cuts off what is beyond 128 bytes.
        let words: [RESPValue]

        var name: String { words.first?.text?.uppercased() ?? "" }
    }

    let client: RedisClient

    /// Notes from now on what takes so many microseconds.
    func begin(from microseconds: Int64) async throws {
        _ = try await client.send(RedisCommand("CONFIG SET", "slowlog-max-len", 100_000))
        _ = try await client.send(RedisCommand("CONFIG SET", "slowlog-log-slower-than", .integer(microseconds)))
        _ = try await client.send(RedisCommand("SLOWLOG RESET"))
    }

    /// Notes nothing more, and returns how long the longest was; the shortest that is noted when none was.
    func slowest(atLeast shortest: Int64) async throws -> Duration {
        .microseconds(max(try await end().map(\.microseconds).max() ?? 0, Int(shortest)))
    }

    /// Notes nothing more, and returns what was noted, in order; without what asked for it.
    func end() async throws -> [Entry] {
        _ = try await client.send(RedisCommand("CONFIG SET", "slowlog-log-slower-than", -1))
        let reply = try await client.send(RedisCommand("SLOWLOG GET", 100_000), timeout: .seconds(30))
        let entries = (reply.elements ?? []).compactMap { entry -> Entry? in
            guard let parts = entry.elements, parts.count > 3, let time = parts[2].number else { return nil }
            return Entry(microseconds: Int(time), words: parts[3].elements ?? [])
        }
        return entries.reversed().filter { $0.name != "CONFIG" && $0.name != "SLOWLOG" }
    }
}
