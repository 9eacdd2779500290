import Foundation
import MillraceCore
import Testing

@testable import MillraceSQLite

@Suite("A file in the making")
struct PartialFileTests {
    @Test("that is given up goes with what SQLite kept beside it")
    func givenUp() throws {
        let place = try MaintainedStore()
        for isPublished in [false, true] {
            let partial = try PartialFile(for: place.file("copy.db"))
            for suffix in ["-wal", "-shm", "-journal"] {
                try Data("left".utf8).write(to: URL(fileURLWithPath: partial.path + suffix))
            }
            if isPublished { try partial.publish(replacing: false) }
            withExtendedLifetime(partial) {}
        }
        #expect(try place.otherFiles() == ["copy.db"])
    }

    @Test("is not taken for abandoned by another at the same place")
    func held() throws {
        let place = try MaintainedStore()
        let first = try PartialFile(for: place.file("copy.db"))
        let second = try PartialFile(for: place.file("copy.db"))
        try second.publish(replacing: false)
        try first.publish(replacing: true)
        #expect(try place.otherFiles() == ["copy.db"])
    }

    @Test("that somebody has removed or replaced is not given the name")
    func removed() throws {
        let place = try MaintainedStore()
        for isReplaced in [false, true] {
            let partial = try PartialFile(for: place.file("copy.db"))
            try FileManager.default.removeItem(atPath: partial.path)
            if isReplaced { try Data("other".utf8).write(to: URL(fileURLWithPath: partial.path)) }
            #expect { try partial.publish(replacing: true) } throws: {
                ($0 as? StoreError)?.message.contains("was removed while it was written") == true
            }
        }
        #expect(!FileManager.default.fileExists(atPath: place.file("copy.db")))
    }
}
