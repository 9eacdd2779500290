public import MillraceCore

/// Where a recording comes from, as a user names it. A literal is a path.
public enum RecordingInput: Hashable, Sendable {
    /// A file by its path; a relative one begins at the working folder.
    case file(String)
    /// What a server gives.
    case url(RecordingURL)
    /// What this process is given on its standard input, to the end. It can be read once.
    case standardInput

    /// Understands what a user typed: `-` is standard input, what begins with `http://` or `https://` a URL, anything
    /// else a path.
    ///
    /// - Throws: `InvalidValue` for a URL that cannot be one.
    public init(parsing text: String) throws(InvalidValue) {
        if text == RecordingSource.standardInputPath {
            self = .standardInput
        } else if RecordingURL.isMeant(by: text) {
            self = .url(try RecordingURL(text))
        } else {
            self = .file(text)
        }
    }

    /// What it is called: the path, the address without its query, or `-`.
    public var shown: String {
        switch self {
        case .file(let path): path
        case .url(let url): url.shown
        case .standardInput: RecordingSource.standardInputPath
        }
    }

    /// The last part of the path or address, for messages and names of files.
    public var name: String {
        switch self {
        case .file(let path): path.split(separator: "/").last.map(String.init) ?? path
        case .url(let url): url.name
        case .standardInput: "standard input"
        }
    }
}

extension RecordingInput: ExpressibleByStringLiteral {
    /// Takes a path.
    public init(stringLiteral path: String) {
        self = .file(path)
    }
}
