/// What a server reports instead of a result.
public struct RedisServerError: Error, Hashable, Sendable {
    /// The word that an error begins with, as in `WRONGTYPE`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The word.
        public let word: String

        /// Makes a code of the word that the server sends.
        public init(_ word: String) {
            self.word = word
        }

        /// Any error without a code of its own.
        public static let generic = Code("ERR")
        /// The key holds another kind of value.
        public static let wrongType = Code("WRONGTYPE")
        /// The server has no script with this hash.
        public static let noScript = Code("NOSCRIPT")
        /// A replica takes no writes: this server is not the one to write to any more.
        public static let readOnly = Code("READONLY")
        /// The server is reading its data from the disk and answers nothing yet.
        public static let loading = Code("LOADING")
        /// A script runs for too long and keeps everything else waiting.
        public static let busy = Code("BUSY")
        /// A replica has lost its master.
        public static let masterDown = Code("MASTERDOWN")
        /// No memory is left, and nothing may be evicted.
        public static let outOfMemory = Code("OOM")
        /// The data cannot be saved to the disk, so writes are refused.
        public static let misconfigured = Code("MISCONF")
        /// The connection has not said who it is.
        public static let noAuthentication = Code("NOAUTH")
        /// The user or the password is wrong.
        public static let wrongPassword = Code("WRONGPASS")
        /// The user may not do that.
        public static let noPermission = Code("NOPERM")
        /// The server does not speak this version of the protocol.
        public static let noProtocol = Code("NOPROTO")

        /// The word.
        public var description: String { word }
    }

    /// The kind of error.
    public let code: Code
    /// What the server says, without the code. It may quote keys and arguments.
    public let message: String

    /// Takes an error apart that came as one text: a code is all capitals.
    init(_ text: some StringProtocol) {
        let text = Self.unwrapped(text)
        let word = text.prefix { $0 != " " }
        if !word.isEmpty, word.allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }) {
            code = Code(String(word))
            message = String(text.dropFirst(word.count + 1))
        } else {
            code = .generic
            message = String(text)
        }
    }

    /// What went wrong inside a script: before Redis 7 that is sent behind where it was.
    private static func unwrapped(_ text: some StringProtocol) -> Substring {
        guard text.hasPrefix("ERR Error running script") else { return Substring(text) }
        return Substring(text).trimmingPrefix(
            /ERR Error running script \(call to [^)]*\): (?:@user_script: ?\d+: )*-?/)
    }
}

extension RedisServerError: CustomStringConvertible {
    /// The code alone: what the server says may quote a value.
    public var description: String { "the Redis server answered \(code)" }
}
