import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct FLACWriterTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `writes what is read back to the bit, for the owner alone`() throws {
        var generator = SeededGenerator(seed: 3)
        let samples = (0..<100_000).map { _ in Int16.random(in: .min ... .max, using: &generator) }
        let writer = try FLACWriter(path: folder.file("a.flac"))
        try writer.write(Array(samples[..<33_333]))
        try writer.write([])
        try writer.write(Array(samples[33_333...]))
        #expect(!FileManager.default.fileExists(atPath: folder.file("a.flac")))
        try writer.finish()
        #expect(try folder.names() == ["a.flac"])
        #expect(try folder.mode("a.flac") == 0o600)
        let file = try AudioFile(path: folder.file("a.flac"))
        #expect(file.container == .flac)
        #expect(try file.samples(in: SampleRange(uncheckedStart: 0, end: 100_000)) == samples)
    }

    @Test func `leaves nothing behind when it is given up`() throws {
        func begin() throws {
            let writer = try FLACWriter(path: folder.file("a.flac"))
            try writer.write([1, 2, 3])
            #expect(try folder.names().count == 1)
        }
        try begin()
        #expect(try folder.names() == [])
    }

    @Test func `says where it cannot write`() {
        #expect {
            try FLACWriter(path: folder.file("no/such/folder/a.flac"))
        } throws: {
            "\($0)".contains("cannot keep the decoded recording")
        }
    }
}
