internal import NIOHTTP1

/// A request as the server of a test received it.
public struct HTTPTestRequest: Sendable {
    /// `GET`, `POST` ….
    public let method: String
    /// The path with its query.
    public let path: String
    /// The body, whole.
    public let body: [UInt8]
    /// Which connection it came on, counted from 1.
    public let connection: Int
    /// `HTTP/1.1`; over HTTP/2 too, whose requests are translated: see ``HTTPTestRecord/streams``.
    public let version: String

    private let headers: HTTPHeaders

    init(_ head: HTTPRequestHead, body: [UInt8], connection: Int) {
        method = head.method.rawValue
        path = head.uri
        version = head.version.description
        headers = head.headers
        self.body = body
        self.connection = connection
    }

    /// The first value of a header, whose name may be written in any case; `nil` without it.
    public func header(_ name: String) -> String? {
        headers.first(name: name)
    }
}
