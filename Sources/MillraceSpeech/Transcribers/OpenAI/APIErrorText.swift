internal import Foundation

/// What an API says went wrong, from the body of its answer.
struct APIErrorText: Sendable, Hashable {
    /// The most bytes of a body that are looked at.
    static let bodyLimit = 65_536
    /// The most characters shown.
    private static let shown = 300

    /// One line without control characters and without the key; empty when it says nothing that can be shown.
    let line: String
    /// The words by which programs know the reason, as `insufficient_quota`; its `code` and its `type`.
    let codes: Set<String>

    /// Reads `{"error": {"message", "code", "type"}}`, `{"error": "…"}`, `{"detail": …}`, `{"message": …}` or plain text.
    ///
    /// The key, should the API repeat it, is taken out.
    init(_ bytes: Data, hiding key: APIKey?) {
        guard let object = try? JSONSerialization.jsonObject(with: bytes, options: .fragmentsAllowed) else {
            let text = String(decoding: bytes, as: UTF8.self)
            // A page for people is of no use in a line.
            let isPage = text.drop { $0.isWhitespace }.hasPrefix("<")
            self.init(text: isPage ? "" : text, hiding: key, codes: [])
            return
        }
        guard let answer = object as? [String: Any] else {
            self.init(text: object as? String ?? "", hiding: key, codes: [])
            return
        }
        let error = answer["error"] as? [String: Any] ?? answer
        // FastAPI lists what is wrong with which field.
        let details = (answer["detail"] as? [[String: Any]])?.compactMap { $0["msg"] as? String }
        let text =
            error["message"] as? String ?? answer["error"] as? String ?? answer["detail"] as? String
            ?? details?.joined(separator: ", ") ?? ""
        let codes = ["code", "type"].compactMap { error[$0] as? String }
        // Some name the field only here.
        let field = (error["param"] as? String).flatMap { text.contains($0) ? nil : " (\($0))" } ?? ""
        self.init(text: text + field, hiding: key, codes: Set(codes))
    }

    private init(text: String, hiding key: APIKey?, codes: Set<String>) {
        let spoken = SpokenLine.of(text)
        // Before the cut, which would leave a part of the key that is not known for one.
        let line = key?.redacted(from: spoken) ?? spoken
        self.line = line.count > Self.shown ? line.prefix(Self.shown - 1) + "…" : line
        self.codes = codes
    }

    /// Whether waiting does not help, because what was paid for is used up.
    var isQuotaUsedUp: Bool {
        !codes.isDisjoint(with: ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"])
    }

    /// Whether a body that came with a good status is an error all the same.
    static func isError(_ bytes: Data) -> Bool {
        let answer = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        return answer?["error"] != nil && answer?["text"] == nil && answer?["segments"] == nil
    }
}
