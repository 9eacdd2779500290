internal import Foundation

/// Paths seen from the root.
enum AbsolutePath {
    /// The path without `.`, `..` and doubled slashes, from the root; symbolic links stay.
    static func of(_ path: String) -> String {
        let start = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var parts: [Substring] = []
        for part in start.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
