internal import Foundation

/// Takes the options that are this library's out of a URL, for libpq refuses what it does not know.
struct OwnOptions {
    private static let names: Set<String> = [
        "schema", "prepared", "statement_timeout", "pool_size", "max_overflow", "pool_timeout", "pool_recycle",
        "pool_pre_ping", "echo",
    ]

    /// The URL without them.
    let url: String
    private var values: [String: String] = [:]

    init(removingFrom url: String) throws(PostgresError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw PostgresError(.configuration, "the URL must begin with postgres:// or postgresql://")
        }
        guard !url.utf8.contains(0) else { throw PostgresError(.configuration, "the URL contains a NUL") }
        guard let mark = url.firstIndex(of: "?") else {
            self.url = url
            return
        }
        var rest: [Substring] = []
        for item in url[url.index(after: mark)...].split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.map(String.init), Self.names.contains(name) else {
                rest.append(item)
                continue
            }
            guard parts.count == 2, let value = parts[1].removingPercentEncoding else {
                throw PostgresError(.configuration, "the option \(name) of the URL has no value")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw PostgresError(.configuration, "the URL has the option \(name) twice")
            }
        }
        self.url = String(url[..<mark]) + (rest.isEmpty ? "" : "?" + rest.joined(separator: "&"))
    }

    /// The value of an option; `nil` when the URL does not have it.
    mutating func take(_ name: String) -> String? {
        values.removeValue(forKey: name)
    }

    /// Reads a time like `30s`; `unit` is that of a bare number.
    static func time(_ text: String, of name: String, unit: String) throws(PostgresError) -> Duration {
        let number = text.prefix { $0.isASCII && $0.isNumber }
        let given = text.dropFirst(number.count)
        if let count = Int(number), count <= 1_000_000_000 {
            switch given.isEmpty ? unit[...] : given {
            case "ms": return .milliseconds(count)
            case "s": return .seconds(count)
            case "min": return .seconds(count * 60)
            default: break
            }
        }
        throw PostgresError(.configuration, "\(name) must be a time like 30s or 500ms")
    }
}
