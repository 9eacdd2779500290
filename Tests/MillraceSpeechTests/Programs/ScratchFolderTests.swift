import Foundation
import Testing

@testable import MillraceSpeech

@Suite struct ScratchFolderTests {
    @Test func `keeps files private and goes with all of them`() throws {
        let folder = try ScratchFolder()
        let file = try folder.write([1, 2, 3], to: "a")
        let facts = try FileManager.default.attributesOfItem(atPath: file)
        #expect(facts[.posixPermissions] as? Int == 0o600)
        #expect(FileManager.default.contents(atPath: file) == Data([1, 2, 3]))
        #expect(throws: (any Error).self) { try folder.write([], to: "a") }
        folder.remove()
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func `clears away what a killed process left, and nothing that is in use`() throws {
        let used = try ScratchFolder()
        let base = (used.path as NSString).deletingLastPathComponent
        let left = "\(base)/millrace-scratch-\(UUID().uuidString.prefix(6))"
        let fresh = "\(base)/millrace-scratch-\(UUID().uuidString.prefix(6))"
        // A user's own, such as that of a store, which has the same mode.
        let own = ["millrace-", "millrace-scratch-"].map { "\(base)/\($0)\(UUID().uuidString)" }
        for path in own + [left, fresh] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        for path in own + [left, used.path] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -600)], ofItemAtPath: path)
        }
        ScratchFolder.removeAbandoned()
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(FileManager.default.fileExists(atPath: fresh))
        #expect(FileManager.default.fileExists(atPath: used.path))
        used.remove()
        for path in own + [fresh] {
            #expect(FileManager.default.fileExists(atPath: path))
            try FileManager.default.removeItem(atPath: path)
        }
    }
}
