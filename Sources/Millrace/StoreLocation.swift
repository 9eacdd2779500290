public import Foundation
public import MillraceCore
public import MillracePostgres

/// Where everything is kept: a SQLite file, or a schema of a PostgreSQL database.
public struct StoreLocation: Sendable, CustomStringConvertible {
    /// What keeps the store.
    enum Place: Sendable {
        case file(path: String)
        case server(PostgresConfiguration)
    }

    let place: Place

    private init(_ place: Place) {
        self.place = place
    }

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
        return StoreLocation(.file(path: URL(fileURLWithPath: expanded).standardizedFileURL.path))
    }

    /// A schema of a PostgreSQL database.
    public static func postgres(_ configuration: PostgresConfiguration) -> StoreLocation {
        StoreLocation(.server(configuration))
    }

    /// Reads what a user gave: a path, a `sqlite:` URL, or a `postgres://` or `postgresql://` URL.
    ///
    /// - Throws: `invalid` for nothing at all, another kind of URL, or one that makes no sense.
    public init(
        _ text: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StoreError) {
        guard !text.isEmpty else { throw StoreError(.invalid, "the store's path is empty") }
        // RFC 3986, section 3.1; a path may hold a colon, but then hardly one behind such a word.
        guard let scheme = text.prefixMatch(of: /[A-Za-z][A-Za-z0-9+.\-]+:/) else {
            self = .file(text, environment: environment)
            return
        }
        switch scheme.output.lowercased() {
        case "sqlite:":
            let path = text[scheme.range.upperBound...]
            self = .file(String(path.hasPrefix("//") ? path.dropFirst(2) : path), environment: environment)
        case "postgres:", "postgresql:":
            do throws(PostgresError) {
                self = .postgres(
                    try PostgresConfiguration(
                        scheme.output.lowercased() + text[scheme.range.upperBound...], environment: environment))
            } catch {
                throw StoreError(.invalid, "the store: \(error.message)", cause: error)
            }
        default:
            throw StoreError(
                .invalid,
                """
                a store of kind \(scheme.output) is not known; give the path of a file, as in --store jobs.db, or a \
                database, as in --store postgres://user@host/database
                """)
        }
    }

    /// The store of those who name none: `MILLRACE_STORE`, else a file in the user's data folder (XDG Base Directory).
    ///
    /// - Throws: `invalid` when `MILLRACE_STORE` is not a location.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StoreError) -> StoreLocation {
        if let text = environment["MILLRACE_STORE"], !text.isEmpty {
            return try StoreLocation(text, environment: environment)
        }
        return .file(dataFolder(environment) + "/millrace.db", environment: environment)
    }

    /// The absolute path of the file; `nil` for a database.
    public var path: String? {
        guard case .file(let path) = place else { return nil }
        return path
    }

    /// The folder for recordings that had to be decoded first: beside the file; of a database, which has none, in the
    /// user's data folder, so that all processes of one user on one host share it.
    func decodedFolder(
        storeID: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        folder("audio", storeID: storeID, environment: environment)
    }

    /// The folder where processes that measure tell which of them is which, and where metrics wait for a Prometheus server;
    /// beside that of decoded recordings.
    func metricsFolder(
        storeID: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        folder("metrics", storeID: storeID, environment: environment)
    }

    private func folder(_ name: String, storeID: String, environment: [String: String]) -> String {
        switch place {
        case .file(let path): return "\(path)-\(name)"
        case .server:
            return Self.file("\(Self.dataFolder(environment))/\(storeID)-\(name)", environment: environment).description
        }
    }

    private static func dataFolder(_ environment: [String: String]) -> String {
        // The specification of XDG says to ignore a relative path.
        let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "~/.local/share"
        return data + "/millrace"
    }

    /// The path; of a database its hosts, name, user and schema, never a password or an option.
    public var description: String {
        switch place {
        case .file(let path): path
        case .server(let configuration): configuration.description
        }
    }
}

extension StoreLocation: Hashable {
    /// Whether both name the same place, with whatever password and options.
    public static func == (left: StoreLocation, right: StoreLocation) -> Bool {
        (left.path != nil) == (right.path != nil) && left.description == right.description
    }

    /// Hashes the place.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(description)
    }
}
