internal import Crypto

/// A Lua script that a server runs as one step, known to it by the hash of its source.
public struct RedisScript: Sendable, Hashable {
    /// The source.
    public let source: String
    /// The SHA-1 of the source in hexadecimal digits, as the server names it.
    public let sha: String

    /// Makes a script; nothing is sent to a server before it is run.
    public init(_ source: String) {
        self.source = source
        let digits = Array("0123456789abcdef".utf8)
        let hash = Insecure.SHA1.hash(data: Array(source.utf8))
        sha = String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Names the script by its hash, or brings its source to a server that does not know it.
    func command(bringsSource: Bool, _ keys: [RedisArgument], _ arguments: [RedisArgument]) -> RedisCommand {
        RedisCommand(
            bringsSource ? "EVAL" : "EVALSHA",
            [.text(bringsSource ? source : sha), .integer(Int64(keys.count))] + keys + arguments)
    }
}

extension RedisScript: CustomStringConvertible {
    /// The hash.
    public var description: String { sha }
}
