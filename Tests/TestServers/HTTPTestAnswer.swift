/// What the server of a test does with a request.
public struct HTTPTestAnswer: Sendable {
    /// How the answer ends.
    public enum Ending: Sendable {
        /// As it should; the connection stays open.
        case whole
        /// The connection is closed after so many bytes of the body; with `nil` before anything was answered.
        case cut(after: Int?)
        /// Nothing more comes after so many bytes of the body, with `nil` nothing at all, and the connection stays open
        /// until the client closes it.
        case stall(after: Int?)
    }

    /// The status, as 200.
    public var status: Int
    /// The headers besides the length.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: [UInt8]
    /// Whether the length is announced; a body without it comes in chunks.
    public var hasLength: Bool
    /// How it ends.
    public var ending: Ending

    /// An answer with any body.
    public init(
        status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = [], hasLength: Bool = true,
        ending: Ending = .whole
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.hasLength = hasLength
        self.ending = ending
    }

    /// An answer in JSON.
    public static func json(
        _ text: String, status: Int = 200, headers: [(name: String, value: String)] = []
    ) -> HTTPTestAnswer {
        HTTPTestAnswer(
            status: status, headers: headers + [("content-type", "application/json")], body: Array(text.utf8))
    }

    /// No answer, the connection held open.
    public static let silence = HTTPTestAnswer(ending: .stall(after: nil))

    /// No answer, the connection closed.
    public static let cut = HTTPTestAnswer(ending: .cut(after: nil))
}
