internal import Foundation
public import MillraceCore

/// The address of a recording on a web server: http or https, with a host and without a user.
public struct RecordingURL: Hashable, Sendable {
    /// The whole address without its fragment. Its query may hold a signature that gives access.
    public let text: String

    /// Whether a text is meant to be such an address.
    static func isMeant(by text: String) -> Bool {
        let start = text.prefix(8).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }

    /// Reads an address.
    ///
    /// - Throws: `InvalidValue` when it is none, of another kind than http and https, or names a user: the address
    ///   is stored for other workers. The message does not repeat it.
    public init(_ text: String) throws(InvalidValue) {
        guard let parts = URLComponents(string: text) else {
            throw InvalidValue("URL", "is not a web address; check it, and write blanks as %20")
        }
        try self.init(parts)
    }

    private init(_ parts: URLComponents) throws(InvalidValue) {
        var parts = parts
        parts.scheme = parts.scheme?.lowercased()
        parts.fragment = nil
        guard parts.scheme == "http" || parts.scheme == "https", let host = parts.host, !host.isEmpty,
            let text = parts.string
        else { throw InvalidValue("URL", "is not a web address of http or https; check it") }
        guard parts.user == nil, parts.password == nil else {
            throw InvalidValue(
                "URL",
                "must not hold a user or password, since it is stored; fetch it yourself: curl … | millrace transcribe -"
            )
        }
        self.text = text
    }

    /// What a redirect from this address means; `nil` when that is no such address, or would give up https.
    func redirected(to location: String) -> RecordingURL? {
        guard let target = URL(string: location, relativeTo: URL(string: text)),
            let parts = URLComponents(url: target, resolvingAgainstBaseURL: true), let next = try? RecordingURL(parts),
            !(text.hasPrefix("https:") && next.text.hasPrefix("http:"))
        else { return nil }
        return next
    }

    /// The address without its query, for people.
    public var shown: String { String(text.prefix { $0 != "?" }) }

    /// The last part of the path, decoded; the host when there is none.
    public var name: String {
        let last = shown.split(separator: "/").last.map(String.init) ?? shown
        return last.removingPercentEncoding ?? last
    }
}
