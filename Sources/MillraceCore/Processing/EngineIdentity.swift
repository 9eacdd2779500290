/// Which speech engine makes a result, as far as that can be stored: no command line, key or URL.
///
/// Claims match on it, so a worker is only given what its own engine can do in exactly the same way.
public struct EngineIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The kind of engine: `pocketsphinx`, `command` …. Lower-case letters, digits and `-`.
    public let kind: String
    /// The model, where the engine has a choice of them.
    public let model: String?
    /// A hash of the exact command words or of the base URL, where the engine has such.
    public let fingerprint: ContentHash?

    /// Names an engine.
    ///
    /// - Throws: ``InvalidValue`` when the kind or the model is not fit for a column.
    public init(kind: String, model: String? = nil, fingerprint: ContentHash? = nil) throws(InvalidValue) {
        guard !kind.isEmpty, kind.utf8.count <= 40,
            kind.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") })
        else { throw InvalidValue("engine", "the kind must be 1 to 40 lower-case letters, digits or hyphens") }
        if let model { _ = try ShortName.validate(model, kind: "engine model", limit: 200) }
        self.kind = kind
        self.model = model
        self.fingerprint = fingerprint
    }

    /// Names an engine that the program itself knows.
    public init(known kind: StaticString, model: StaticString? = nil) {
        self.kind = "\(kind)"
        self.model = model.map { "\($0)" }
        fingerprint = nil
    }

    /// Reads what ``description`` wrote; `nil` for any other text.
    public init?(description: String) {
        let parts = description.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        var rest = parts.count > 1 ? parts[1] : ""
        var fingerprint: ContentHash?
        if let match = rest.prefixMatch(of: /sha256=([0-9a-f]{64})(?: |$)/) {
            fingerprint = try? ContentHash(hex: String(match.output.1))
            rest = rest[match.range.upperBound...]
        }
        let model = rest.hasPrefix("model=") ? String(rest.dropFirst("model=".count)) : nil
        guard
            let identity = try? EngineIdentity(kind: String(parts[0]), model: model, fingerprint: fingerprint),
            identity.description == description
        else { return nil }
        self = identity
    }

    /// One line that no other identity has: `kind`, `kind sha256=…`, `kind model=…`, `kind sha256=… model=…`.
    public var description: String {
        // The model comes last: it may hold anything, even what looks like a hash.
        [kind, fingerprint.map { "sha256=\($0)" }, model.map { "model=\($0)" }]
            .compactMap { $0 }.joined(separator: " ")
    }
}
