import Foundation
import Testing

@Suite("The guides")
struct GuideTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardized

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The parts of a snippet between `// snippet.NAME` and `// snippet.end`.
    private static func slices(_ snippet: String) throws -> [String] {
        try text("Snippets/\(snippet).swift").split(separator: "// snippet.").dropFirst()
            .filter { !$0.hasPrefix("end") }
            .map { $0.drop { !$0.isNewline }.trimmingCharacters(in: .newlines) }
    }

    /// The Swift code of a guide, block by block.
    private static func blocks(_ guide: String) throws -> [String] {
        try text("Sources/Millrace/Millrace.docc/\(guide).md").split(separator: "```swift\n").dropFirst()
            .map { block in
                String(block.prefix(upTo: try #require(block.range(of: "```")).lowerBound))
                    .trimmingCharacters(in: .newlines)
            }
    }

    @Test(
        "show the snippets that are compiled with the package, all of them",
        arguments: [
            ("WritingAHandler", "Handler"), ("WritingATranscriber", "Transcriber"), ("FailureAndRecovery", "Recovery"),
            ("ManyMachines", "Fleet"),
        ])
    func snippets(guide: String, snippet: String) throws {
        let blocks = try Self.blocks(guide)
        #expect(blocks.count >= 3)
        #expect(Set(blocks) == Set(try Self.slices(snippet)))
    }
}
