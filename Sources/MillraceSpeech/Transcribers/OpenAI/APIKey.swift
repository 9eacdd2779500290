public import MillraceCore

/// The key of an API: sent to it and to nobody else, and never shown.
public struct APIKey: Sendable {
    /// The environment variable for the key of any API.
    public static let variable = "MILLRACE_OPENAI_API_KEY"
    /// The environment variable that other programs use too.
    public static let commonVariable = "OPENAI_API_KEY"

    let secret: String

    /// Takes a key; blanks and line ends around it are dropped.
    ///
    /// - Throws: `InvalidValue` when it is empty or holds what cannot be in a header.
    public init(_ text: String) throws(InvalidValue) {
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        guard !trimmed.isEmpty, trimmed.allSatisfy({ $0.isASCII && !$0.isWhitespace && $0 > "\u{20}" && $0 < "\u{7F}" })
        else { throw InvalidValue("API key", "must be letters, digits and signs without blanks") }
        secret = String(trimmed)
    }

    /// The key for an API: `MILLRACE_OPENAI_API_KEY`, else `OPENAI_API_KEY`, which many have set for other programs and
    /// which therefore only goes out encrypted, or to this machine.
    ///
    /// - Returns: `nil` when neither is set, or empty.
    /// - Throws: `InvalidValue` that names the variable.
    public init?(for api: APIBaseURL, environment: [String: String]) throws(InvalidValue) {
        let variables = api.isEncrypted || api.isLocal ? [Self.variable, Self.commonVariable] : [Self.variable]
        guard let variable = variables.first(where: { environment[$0]?.isEmpty == false }),
            let text = environment[variable]
        else { return nil }
        do throws(InvalidValue) {
            try self.init(text)
        } catch {
            throw InvalidValue(variable, error.reason)
        }
    }

    /// A text without the key, should somebody have put it there.
    func redacted(from text: String) -> String {
        text.replacing(secret, with: "<key>")
    }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that it is a key, and no more.
    public var description: String { "<key>" }
    /// Says that it is a key, and no more.
    public var debugDescription: String { "<key>" }
    /// Shows nothing of it.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
