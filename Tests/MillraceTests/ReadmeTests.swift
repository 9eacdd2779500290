import Foundation
import Testing

@Suite("The README")
struct ReadmeTests {
    @Test("shows the snippet that is compiled with the package")
    func snippet() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            .standardized
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let snippet = try String(contentsOf: root.appendingPathComponent("Snippets/Start.swift"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(snippet)```\n"))
    }
}
