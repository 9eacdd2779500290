import Foundation

/// A folder of this run's own, for stores and recordings.
struct Scratch {
    let path: String

    init(in folder: String?) throws {
        let parent = folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let url = parent.appendingPathComponent("millrace-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    /// The path of a new file, which nobody else in this run gets.
    func file(_ name: String) -> String {
        "\(path)/\(UUID().uuidString)-\(name)"
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
