public import Foundation
public import MillraceCore

/// Where a Prometheus is, or what takes remote write and answers PromQL as it does, and how it is to be talked to.
///
/// From a URL: `http://[user[:password]@]host[:port][/prefix]`, or `https://` for TLS. Its options stand behind a question
/// mark: `tls_ca` (a PEM file of certificate authorities), `tls_certificate` and `tls_key` (PEM files of the client's own),
/// `timeout` (of one request, as in `500ms`, `30s`), `connect_timeout` and `write_path`, where samples are taken elsewhere
/// than at `/api/v1/write`.
///
/// Secrets may come from the environment: `MILLRACE_PROMETHEUS_PASSWORD` for the user of the URL,
/// `MILLRACE_PROMETHEUS_TOKEN` as a bearer token, `MILLRACE_PROMETHEUS_HEADERS` for further headers
/// (`X-Scope-OrgID=one,X-Other=two`, values percent-encoded). They are sent to this place alone, and never shown.
public struct PrometheusEndpoint: Sendable {
    /// Files of TLS; the server's certificate is always verified.
    public struct TLS: Sendable, Hashable {
        /// A PEM file with the authorities that are trusted; `nil` for the system's.
        public let authoritiesPath: String?
        /// A PEM file with the client's certificate; `nil` for none.
        public let certificatePath: String?
        /// A PEM file with the key of the client's certificate.
        public let keyPath: String?
    }

    /// The environment variable for the password of the URL's user.
    public static let passwordVariable = "MILLRACE_PROMETHEUS_PASSWORD"
    /// The environment variable for a bearer token.
    public static let tokenVariable = "MILLRACE_PROMETHEUS_TOKEN"
    /// The environment variable for further headers.
    public static let headersVariable = "MILLRACE_PROMETHEUS_HEADERS"

    /// The host, and the port where it is not the usual one: what may be shown.
    public let host: String
    /// How the connection is encrypted; `nil` when it is not.
    public let tls: TLS?
    /// The path that takes remote write, behind the URL's own.
    public let writePath: String
    /// How long a request may take; 30 s unless the URL says otherwise.
    public let timeout: Duration
    /// How long connecting may take, TLS included; 5 s unless the URL says otherwise.
    public let connectTimeout: Duration

    let headers: [(name: String, value: String)]
    private let base: String

    /// Reads a URL, and what of it is in the environment.
    ///
    /// The addresses of remote write and of queries, with `/api/v1/write` or `/api/v1/query`, are understood too.
    ///
    /// - Throws: `InvalidValue` for what makes no sense; the URL is not in it, since it may hold a password.
    public init(
        _ url: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(InvalidValue) {
        guard let parts = URLComponents(string: url, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = parts.encodedHost?.lowercased(), !host.isEmpty
        else {
            throw Self.refusal("must be http://host or https://host, with a password percent-encoded")
        }
        guard parts.fragment == nil else { throw Self.refusal("must have no #") }
        guard parts.port.map({ (1...65_535).contains($0) }) ?? true else {
            throw Self.refusal("must have a port between 1 and 65535")
        }
        let options = try EndpointOptions(parts.queryItems ?? [], isEncrypted: scheme == "https")
        let usual = scheme == "https" ? 443 : 80
        self.host = host + (parts.port.flatMap { $0 == usual ? nil : ":\($0)" } ?? "")
        base = "\(scheme)://\(self.host)\(Self.prefix(of: parts.percentEncodedPath))"
        tls = options.tls
        writePath = options.writePath ?? "/api/v1/write"
        timeout = options.timeout ?? .seconds(30)
        connectTimeout = options.connectTimeout ?? .seconds(5)
        headers = try EndpointHeaders.all(user: parts.user, password: parts.password, environment: environment)
    }

    /// The address of something below the URL's path, as `/api/v1/query`.
    func url(_ path: String) -> String { base + path }

    private static func prefix(of path: String) -> String {
        var path = path[...]
        func dropSlashes() {
            while path.hasSuffix("/") { path = path.dropLast() }
        }
        dropSlashes()
        for ending in ["/api/v1/write", "/api/v1/query", "/api/v1/query_range", "/api/v1"] where path.hasSuffix(ending)
        {
            path = path.dropLast(ending.count)
            break
        }
        dropSlashes()
        return String(path)
    }

    static func refusal(_ reason: String) -> InvalidValue {
        InvalidValue("Prometheus URL", reason)
    }
}

extension PrometheusEndpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The place alone, without user, password, path and options.
    public var description: String { "\(tls == nil ? "http" : "https")://\(host)" }
    /// The same.
    public var debugDescription: String { description }
    /// Shows no secret.
    public var customMirror: Mirror { Mirror(self, children: ["place": description]) }
}
