public import Foundation

/// How to reach a Redis server, from a URL.
///
/// `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for TLS, as registered with IANA. Without a port it
/// is 6379. What the URL leaves open comes from the environment: `MILLRACE_REDIS_PASSWORD` before `REDISCLI_AUTH`.
/// Options: `tls_ca` (a PEM file of certificate authorities), `tls_certificate` and `tls_key` (PEM files of the
/// client's own), `timeout` (of one command, as in `500ms`, `2s`) and `connect_timeout`.
public struct RedisConfiguration: Sendable {
    /// The host's name or address.
    public let host: String
    /// The port.
    public let port: Int
    /// The number of the database; 0 unless the URL says otherwise.
    public let database: Int
    /// The user of the server's access lists; `nil` for the default user.
    public let user: String?
    let password: String?
    /// How the connection is encrypted; `nil` when it is not.
    public let tls: TLS?
    /// How long connecting may take, until the server is ready for commands; 3 s.
    public var connectTimeout = Duration.seconds(3)
    /// How long a command may take that does not say otherwise; 1 s.
    public var commandTimeout = Duration.seconds(1)
    /// How the connection is named in the server's `CLIENT LIST`.
    public var clientName = "millrace"
    /// Commands that may wait for their replies at the same time; more fail at once.
    public var queueLimit = 65_536

    /// What TLS needs; the server's certificate is always verified.
    public struct TLS: Sendable, Hashable {
        /// A PEM file with the authorities that are trusted; `nil` for the system's.
        public var authoritiesPath: String?
        /// PEM files with the client's certificate and its key.
        public var certificatePath: String?
        /// The key of the client's certificate.
        public var keyPath: String?

        /// The files, each with the option that names it.
        var files: [(name: String, path: String)] {
            [("tls_ca", authoritiesPath), ("tls_certificate", certificatePath), ("tls_key", keyPath)]
                .compactMap { name, path in path.map { (name, $0) } }
        }
    }

    /// What to do when a server does not speak TLS.
    static let plainHint = "if it speaks no TLS there, the URL begins with redis://"

    /// What to do about a server that ends a connection before it has said anything, or says nothing.
    var schemeHint: String {
        tls == nil ? "if it speaks only TLS there, the URL begins with rediss://" : Self.plainHint
    }

    /// Reads a URL.
    ///
    /// Throws `configuration` for one that makes no sense.
    public init(
        _ url: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(RedisError) {
        guard let parts = URLComponents(string: url, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(),
            scheme == "redis" || scheme == "rediss"
        else {
            throw Self.refusal("it must be redis://host or rediss://host, with a password percent-encoded")
        }
        guard let host = parts.host, !host.isEmpty else { throw Self.refusal("it names no host") }
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 6_379
        guard (1...65_535).contains(port) else { throw Self.refusal("the port must be 1 to 65535") }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw Self.refusal("behind the host stands the number of a database, as in /2")
        }
        self.database = database
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password ?? environment["MILLRACE_REDIS_PASSWORD"] ?? environment["REDISCLI_AUTH"]
        var tls = scheme == "rediss" ? TLS() : nil
        for item in parts.queryItems ?? [] {
            try Self.read(item, &tls, &commandTimeout, &connectTimeout)
        }
        guard (tls?.certificatePath == nil) == (tls?.keyPath == nil) else {
            throw Self.refusal("tls_certificate and tls_key belong together")
        }
        self.tls = tls
    }

    private static func read(
        _ item: URLQueryItem, _ tls: inout TLS?, _ commandTimeout: inout Duration, _ connectTimeout: inout Duration
    ) throws(RedisError) {
        let value = item.value ?? ""
        switch item.name {
        case "timeout": commandTimeout = try duration(value, item.name)
        case "connect_timeout": connectTimeout = try duration(value, item.name)
        case "tls_ca", "tls_certificate", "tls_key":
            guard tls != nil else { throw refusal("\(item.name) needs rediss://") }
            if item.name == "tls_ca" { tls?.authoritiesPath = value }
            if item.name == "tls_certificate" { tls?.certificatePath = value }
            if item.name == "tls_key" { tls?.keyPath = value }
        default:
            throw refusal(
                """
                there is no option "\(item.name)", but timeout, connect_timeout, tls_ca, tls_certificate and tls_key
                """)
        }
    }

    private static func duration(_ text: String, _ name: String) throws(RedisError) -> Duration {
        let isSeconds = text.hasSuffix("s") && !text.hasSuffix("ms")
        let digits = text.hasSuffix("ms") ? text.dropLast(2) : text.hasSuffix("s") ? text.dropLast() : text[...]
        guard let number = Int(digits), (1...86_400_000).contains(number) else {
            throw refusal("\(name) is a time, as in 500ms or 2s")
        }
        return isSeconds ? .seconds(number) : .milliseconds(number)
    }

    private static func refusal(_ reason: String) -> RedisError {
        RedisError(.configuration, "the Redis URL cannot be used: \(reason)")
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// The place without user and password.
    public var description: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(tls == nil ? "redis" : "rediss")://\(host):\(port)/\(database)"
    }
}
