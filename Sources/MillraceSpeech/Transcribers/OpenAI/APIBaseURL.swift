internal import Foundation
public import MillraceCore

/// Where an OpenAI-compatible API is: what stands before `/audio/transcriptions` in its addresses.
///
/// Kept in one form, so that two ways of writing the same place are the same engine: scheme and host in lower case, no
/// port where it is the usual one, no slash at the end, and `/v1` where no path was given.
public struct APIBaseURL: Hashable, Sendable {
    /// The API of OpenAI itself.
    public static let openAI = APIBaseURL(scheme: "https", host: "api.openai.com", port: nil, path: "/v1")

    /// The host, and the port where it is not the usual one: what may be shown.
    public let host: String
    /// Whether everything is sent encrypted.
    public let isEncrypted: Bool
    /// Whether it is on this machine, by its name.
    public let isLocal: Bool

    let text: String

    /// Reads what a user gave: `http` or `https`, a host, where needed a port and a path.
    ///
    /// The whole address, with `/audio/transcriptions`, is understood too.
    ///
    /// - Throws: `InvalidValue` for everything else; the text is not in it, since it may hold a password.
    public init(_ text: String) throws(InvalidValue) {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = parts.encodedHost?.lowercased(), !host.isEmpty
        else { throw Self.refusal("must be an http or https address, as in https://api.openai.com/v1") }
        guard parts.user == nil, parts.password == nil else {
            throw Self.refusal("must not hold a user or a password; the key comes from the environment")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw Self.refusal("must end with its path, without ? or #")
        }
        guard parts.port.map({ (1...65_535).contains($0) }) ?? true else {
            throw Self.refusal("must have a port between 1 and 65535")
        }
        var path = Self.withoutSlashes(parts.percentEncodedPath)
        if path.hasSuffix(Self.endpoint) { path = Self.withoutSlashes(String(path.dropLast(Self.endpoint.count))) }
        let usual = scheme == "https" ? 443 : 80
        self.init(
            scheme: scheme, host: host, port: parts.port == usual ? nil : parts.port, path: path.isEmpty ? "/v1" : path)
    }

    private init(scheme: String, host: String, port: Int?, path: String) {
        self.host = host + (port.map { ":\($0)" } ?? "")
        isEncrypted = scheme == "https"
        isLocal = host == "localhost" || host == "[::1]" || host.wholeMatch(of: /127(\.\d{1,3}){3}/) != nil
        text = "\(scheme)://\(self.host)\(path)"
    }

    /// The SHA-256 of its one form: what the store knows of it.
    public var fingerprint: ContentHash { ContentHash(of: Data(text.utf8)) }

    /// Where chunks are sent.
    var transcriptions: String { text + Self.endpoint }
    /// Where the models are listed.
    var models: String { text + "/models" }

    private static let endpoint = "/audio/transcriptions"

    private static func withoutSlashes(_ path: String) -> String {
        String(path.reversed().drop { $0 == "/" }.reversed())
    }

    private static func refusal(_ reason: String) -> InvalidValue {
        InvalidValue("base URL", reason)
    }
}
