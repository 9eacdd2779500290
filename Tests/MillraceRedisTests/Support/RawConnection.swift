import NIOCore
import NIOPosix
import Synchronization
import TestServers

@testable import MillraceRedis

/// A connection by which a test sees the bytes of a server as they come.
struct RawConnection {
    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        let received = Mutex(ByteBuffer())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            received.withLock { _ = $0.writeImmutableBuffer(bytes) }
        }
    }

    private let channel: any Channel
    private let collector: Collector

    /// Connects to a server as its default user, in RESP2 or in RESP3.
    init(to server: RedisServer, version: Int64) async throws {
        let collector = Collector()
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(collector) }
            .connect(host: "127.0.0.1", port: server.port).get()
        self.collector = collector
        _ = try await replies(to: RedisCommand("HELLO", .integer(version), "AUTH", "default", .text(server.password)))
    }

    /// The bytes of all replies to a command.
    func replies(to command: RedisCommand) async throws -> [UInt8] {
        collector.received.withLock { $0.clear() }
        var bytes = command.bytes
        bytes.writeImmutableBuffer(RedisCommand("ECHO", "--- the end ---").bytes)
        try await channel.writeAndFlush(bytes)
        let end = Array("$15\r\n--- the end ---\r\n".utf8)
        func received() -> [UInt8] { collector.received.withLock { Array($0.readableBytesView) } }
        try await eventually { received().suffix(end.count) == end[...] }
        return received().dropLast(end.count)
    }

    func close() async throws {
        try await channel.close()
    }

    /// Commands whose replies have every type and form that a server knows.
    static func commands(_ prefix: String) -> [RedisCommand] {
        func key(_ name: String) -> RedisArgument { .text(prefix + name) }
        return [
            RedisCommand("PING"), RedisCommand("SET", key("s"), .bytes(ByteBuffer(bytes: 0...255))),
            RedisCommand("GET", key("s")), RedisCommand("GET", key("none")), RedisCommand("INCRBY", key("n"), -17),
            RedisCommand("INCRBY", key("n"), .integer(.min + 17)), RedisCommand("SET", key("empty"), ""),
            RedisCommand("MGET", key("s"), key("none"), key("empty")), RedisCommand("LPUSH", key("s"), "x"),
            RedisCommand("NO SUCH", "command"), RedisCommand("RPUSH", key("l"), "a", "b\r\nc", ""),
            RedisCommand("LRANGE", key("l"), 0, -1), RedisCommand("LRANGE", key("none"), 0, -1),
            RedisCommand("HSET", key("h"), "a", "1", "b", "2"), RedisCommand("HGETALL", key("h")),
            RedisCommand("HGETALL", key("none")), RedisCommand("SADD", key("set"), "a", "b"),
            RedisCommand("SMEMBERS", key("set")), RedisCommand("ZADD", key("z"), "1.5", "a", "-inf", "b"),
            RedisCommand("ZADD", key("z"), "inf", "c", "3e100", "d"),
            RedisCommand("ZRANGE", key("z"), 0, -1, "WITHSCORES"), RedisCommand("ZSCORE", key("z"), "a"),
            RedisCommand("ZSCORE", key("z"), "none"), RedisCommand("ZPOPMIN", key("z"), 2),
            RedisCommand("LMPOP", 1, key("l"), "LEFT", "COUNT", 2), RedisCommand("BLPOP", key("none"), "0.01"),
            RedisCommand("XADD", key("x"), "1-1", "f", "v"), RedisCommand("XRANGE", key("x"), "-", "+"),
            RedisCommand("XINFO STREAM", key("x"), "FULL"), RedisCommand("CLIENT LIST"), RedisCommand("INFO"),
            RedisCommand("MEMORY STATS"), RedisCommand("CONFIG GET", "max*"), RedisCommand("COMMAND COUNT"),
            RedisCommand("COMMAND DOCS", "SET", "XADD"), RedisCommand("COMMAND"), RedisCommand("LATENCY DOCTOR"),
            RedisCommand("EVAL", "return {1, 'two', {3, false}, redis.status_reply('s'), redis.error_reply('e')}", 0),
            RedisCommand("EVAL", "redis.setresp(3); return redis.call('HGETALL', KEYS[1])", 1, key("h")),
            RedisCommand("DEBUG PROTOCOL", "string"), RedisCommand("DEBUG PROTOCOL", "integer"),
            RedisCommand("DEBUG PROTOCOL", "double"), RedisCommand("DEBUG PROTOCOL", "null"),
            RedisCommand("DEBUG PROTOCOL", "array"), RedisCommand("DEBUG PROTOCOL", "set"),
            RedisCommand("DEBUG PROTOCOL", "map"), RedisCommand("DEBUG PROTOCOL", "attrib"),
            RedisCommand("DEBUG PROTOCOL", "push"), RedisCommand("DEBUG PROTOCOL", "bignum"),
            RedisCommand("DEBUG PROTOCOL", "verbatim"), RedisCommand("DEBUG PROTOCOL", "true"),
            RedisCommand("DEBUG PROTOCOL", "false"),
            RedisCommand("DEL", key("s"), key("n"), key("empty"), key("l"), key("h"), key("set"), key("z"), key("x")),
        ]
    }
}
