internal import Foundation
internal import Millrace

/// A recording of a run, and how its transcript is called in an output folder.
struct NamedInput: Hashable, Sendable {
    let input: RecordingInput
    /// The name without the format's ending; with folders, for what was found in a folder.
    let stem: String

    /// A recording that was named by itself.
    init(_ input: RecordingInput) {
        self.input = input
        stem =
            switch input {
            case .file(let path): URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            case .url(let url): Self.stem(of: url.name)
            case .standardInput: "stdin"
            }
    }

    /// A recording that was found in a folder.
    init(path: String, in folder: String) {
        input = .file(path)
        let below = path.dropFirst(folder.count).drop { $0 == "/" }
        stem = NSString(string: String(below)).deletingPathExtension
    }

    /// The file, if it is one.
    var path: String? {
        if case .file(let path) = input { path } else { nil }
    }

    /// A name that a server gave, fit for a file of one's own.
    private static func stem(of name: String) -> String {
        let safe = OneLine.of(name).replacing("/", with: "_")
        let stem = NSString(string: safe).deletingPathExtension
        return stem.isEmpty || stem.hasPrefix(".") ? "recording" : String(stem.prefix(100))
    }
}
