import Foundation
import Testing

@Suite("The log calls of the libraries")
struct LogCallTests {
    /// The text of all sources, by file.
    private static func sources() throws -> [(file: String, text: String)] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Sources")
            .standardized
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
            .map { ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) }
    }

    @Test("have messages that never change, and keys in lower case with hyphens")
    func calls() throws {
        let call = /[lL]ogger\.(?:trace|debug|info|notice|warning|error|critical)\(\s*("(?:[^"\\]|\\.)*")/
        let key = /metadataKey: "([^"]*)"|"([^"]*)": "\\\(/
        var calls = 0
        for (file, text) in try Self.sources() {
            for match in text.matches(of: call) {
                calls += 1
                #expect(!match.output.1.contains("\\("), "\(file): \(match.output.1)")
                let rest = text[match.range.upperBound...].prefix(400)
                let arguments = rest.prefix(upTo: rest.range(of: "])")?.lowerBound ?? rest.startIndex)
                for found in arguments.matches(of: key) {
                    let name = found.output.1 ?? found.output.2 ?? ""
                    #expect(name.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil, "\(file): the key \(name)")
                }
            }
            for found in text.matches(of: /metadataKey: "([^"]*)"/) {
                let name = found.output.1
                #expect(name.hasPrefix("millrace-") || name == "trace-id", "\(file): the key \(name)")
            }
        }
        #expect(calls > 15)
    }
}
