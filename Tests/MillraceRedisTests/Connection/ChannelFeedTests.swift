import NIOCore
import Testing

@testable import MillraceRedis

@Suite struct ChannelFeedTests {
    private var feed = ChannelFeed(["a", "b"])

    private static func bulk(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }
    private static func confirmation(_ channel: String, _ count: Int64) -> [RESPValue] {
        [bulk("subscribe"), bulk(channel), .integer(count)]
    }

    @Test mutating func `it is subscribed when all channels are confirmed in their order`() {
        #expect(feed.subscribe == RedisCommand("SUBSCRIBE", "a", "b"))
        #expect(feed.receive(.push(Self.confirmation("a", 1))) == .sign && !feed.isSubscribed)
        #expect(feed.receive(.push(Self.confirmation("b", 2))) == .subscribed && feed.isSubscribed)
        #expect(feed.receive(.push(Self.confirmation("b", 2))) == .violation)
    }

    @Test mutating func `a confirmation of another channel is a violation`() {
        #expect(feed.receive(.push(Self.confirmation("b", 1))) == .violation)
    }

    @Test(arguments: [true, false])
    func `messages and answers to PING are the same in RESP3 and in RESP2`(isRESP3: Bool) {
        var feed = feed
        func reply(_ elements: [RESPValue]) -> RESPValue { isRESP3 ? .push(elements) : .array(elements) }
        let payload = ByteBuffer(bytes: [0, 255, 13, 10])
        let message = feed.receive(reply([Self.bulk("message"), Self.bulk("a"), .bulkString(payload)]))
        #expect(message == .message(channel: "a", payload: payload))
        let pong = isRESP3 ? RESPValue.simpleString("PONG") : .array([Self.bulk("pong"), Self.bulk("")])
        #expect(feed.receive(pong) == .sign)
    }

    @Test mutating func `everything else is a refusal or a violation`() {
        let error = RedisServerError("NOPERM no")
        #expect(feed.receive(.error(error)) == .refused(error))
        for reply in [.integer(1), .null, .push([]), .push([Self.bulk("message"), .integer(1), .null])] as [RESPValue] {
            #expect(feed.receive(reply) == .violation)
        }
    }
}
