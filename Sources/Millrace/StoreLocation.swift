public import Foundation
public import MillraceCore

/// Where everything is kept: a SQLite file.
public struct StoreLocation: Hashable, Sendable, CustomStringConvertible {
    /// The absolute path of the file.
    public let path: String

    /// A file by its path; `~` at the beginning is the home folder, a relative path begins at the working folder.
    public static func file(
        _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> StoreLocation {
        // As a shell does it: HOME first. Foundation asks the password file alone.
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let expanded =
            if let home, path == "~" || path.hasPrefix("~/") {
                home + path.dropFirst()
            } else {
                NSString(string: path).expandingTildeInPath
            }
        return StoreLocation(path: URL(fileURLWithPath: expanded).standardizedFileURL.path)
    }

    /// Reads what a user gave: a path, or a `sqlite:` URL.
    ///
    /// - Throws: `invalid` for nothing at all or another kind of URL.
    public init(_ text: String) throws(StoreError) {
        guard !text.isEmpty else { throw StoreError(.invalid, "the store's path is empty") }
        // RFC 3986, section 3.1; a path may hold a colon, but then hardly one behind such a word.
        guard let scheme = text.prefixMatch(of: /[A-Za-z][A-Za-z0-9+.\-]+:/) else {
            self = .file(text)
            return
        }
        guard scheme.output.lowercased() == "sqlite:" else {
            throw StoreError(
                .invalid,
                "a store of kind \(scheme.output) is not known; give the path of a file, as in --store jobs.db")
        }
        let path = text[scheme.range.upperBound...]
        self = .file(String(path.hasPrefix("//") ? path.dropFirst(2) : path))
    }

    /// The store of those who name none: `MILLRACE_STORE`, else a file in the user's data folder (XDG Base Directory).
    ///
    /// - Throws: `invalid` when `MILLRACE_STORE` is not a location.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StoreError) -> StoreLocation {
        if let text = environment["MILLRACE_STORE"], !text.isEmpty { return try StoreLocation(text) }
        // The specification of XDG says to ignore a relative path.
        let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "~/.local/share"
        return .file(data + "/millrace/millrace.db", environment: environment)
    }

    private init(path: String) {
        self.path = path
    }

    /// The folder beside the file for recordings that had to be decoded first.
    var decodedFolder: String { path + "-audio" }

    /// The path.
    public var description: String { path }
}
