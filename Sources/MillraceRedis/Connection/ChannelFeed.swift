internal import NIOCore

/// Understands what comes by a connection that is subscribed to channels, in RESP3 and in RESP2.
///
/// A plain state machine of one connection.
struct ChannelFeed {
    /// What a reply means.
    enum Item: Hashable {
        /// Nothing for the owner: the server is there, or has confirmed one channel of several.
        case sign
        /// All channels are confirmed: what is published from now on comes.
        case subscribed
        case message(channel: String, payload: ByteBuffer)
        /// The user may not listen there.
        case refused(RedisServerError)
        /// It is no reply to what was asked.
        case violation
    }

    private let channels: [String]
    private var confirmed = 0

    init(_ channels: [String]) {
        self.channels = channels
    }

    /// What makes the server send messages.
    var subscribe: RedisCommand { RedisCommand("SUBSCRIBE", channels.map { .text($0) }) }

    var isSubscribed: Bool { confirmed == channels.count }

    mutating func receive(_ reply: RESPValue) -> Item {
        switch reply {
        case .push(let elements), .array(let elements): receive(elements)
        // The answer to PING in RESP3.
        case .simpleString: .sign
        case .error(let error): .refused(error)
        default: .violation
        }
    }

    private mutating func receive(_ elements: [RESPValue]) -> Item {
        switch (elements.first?.text, elements.count) {
        case ("message", 3):
            guard let channel = elements[1].text, let payload = elements[2].bytes else { return .violation }
            return .message(channel: channel, payload: payload)
        case ("subscribe", 3):
            guard confirmed < channels.count, elements[1].text == channels[confirmed] else { return .violation }
            confirmed += 1
            return isSubscribed ? .subscribed : .sign
        // The answer to PING in RESP2.
        case ("pong", 2): return .sign
        default: return .violation
        }
    }
}
