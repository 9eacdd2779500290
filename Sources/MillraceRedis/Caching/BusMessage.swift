internal import MillraceCaching
internal import MillraceCore
internal import NIOCore

/// A message as bytes: its number in digits, a space, whether it is of a key or a pattern, its origin, its version, its text.
///
/// The number is put before the rest by the server.
enum BusMessage {
    /// What stands for a version that is not known yet.
    private static let unknown = Int64.max

    /// All but the number.
    static func body(
        _ scope: CacheChanges.Change.Scope, version: Int64?, origin: SharedToken
    ) -> RedisArgument {
        let (kind, text) =
            switch scope {
            case .key(let key): ("k", key.text)
            case .pattern(let pattern): ("p", pattern.text)
            }
        var bytes = ByteBuffer(string: kind)
        bytes.writeBytes(origin.bytes)
        bytes.writeInteger(version ?? unknown)
        bytes.writeString(text)
        return .bytes(bytes)
    }

    /// Reads a message; `nil` for what is none, which others may publish as they like.
    static func read(_ payload: ByteBuffer, channel: Int) -> SharedMessage? {
        var payload = payload
        guard let space = payload.readableBytesView.firstIndex(of: UInt8(ascii: " ")),
            let digits = payload.readString(length: space - payload.readerIndex), let sequence = Int64(digits),
            let kind = payload.readBytes(length: 2)?.last, let token = payload.readBytes(length: 16),
            let origin = SharedToken(token), let version = payload.readInteger(as: Int64.self),
            let text = payload.readString(length: payload.readableBytes), let scope = scope(kind, text)
        else { return nil }
        return SharedMessage(
            channel: channel, sequence: sequence, origin: origin, scope: scope,
            version: version == unknown ? nil : version)
    }

    private static func scope(_ kind: UInt8, _ text: String) -> CacheChanges.Change.Scope? {
        switch kind {
        case UInt8(ascii: "k"): (try? CacheKey(text)).map { .key($0) }
        case UInt8(ascii: "p"): (try? CachePattern(text)).map { .pattern($0) }
        default: nil
        }
    }
}
