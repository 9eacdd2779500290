import Foundation
import Testing

@Suite(.bounded) struct FolderTests {
    private func fill(_ place: Workplace) throws {
        for folder in ["talks/b", "talks/.old"] {
            try FileManager.default.createDirectory(
                atPath: place.path(folder), withIntermediateDirectories: true)
        }
        for (number, name) in ["talks/a.wav", "talks/b/a.wav", "talks/.old/x.wav"].enumerated() {
            _ = try Recordings.bursts(1, in: place, name: name, seed: UInt64(number + 2))
        }
        _ = try place.write("Dear diary", to: "talks/b/notes.txt")
    }

    @Test func `all recordings of a folder are transcribed by name, the rest is named`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            try fill(place)
            let end = try await place.millrace(["transcribe", "talks", "--format", "json"] + engine.options)
            #expect(end.status == 0, "\(end.errors)")
            #expect(try end.transcripts().map(\.source) == ["talks/a.wav", "talks/b/a.wav"].map(place.path))
            #expect(end.errorLines.contains("talks/b/notes.txt: skipped, it is not audio"), "\(end.errors)")
            #expect(end.errorLines.count { $0.contains("skipped") } == 1)
        }
    }

    @Test func `the output folder gets the same folders`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            try fill(place)
            let end = try await place.millrace(["transcribe", "talks/", "--output", "out", "--quiet"] + engine.options)
            #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
            #expect(try place.text("out/a.txt").hasPrefix("heard"))
            #expect(try place.text("out/b/a.txt").hasPrefix("heard"))
            #expect(try place.text("out/a.txt") != place.text("out/b/a.txt"))
        }
    }

    @Test func `a damaged recording does not stop the others and is no success`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            try fill(place)
            _ = try place.write("", to: "talks/empty.wav")
            let end = try await place.millrace(["transcribe", "talks", "--format", "json"] + engine.options)
            #expect(end.status == 1)
            #expect(try end.transcripts().count == 2)
            #expect(end.errorLines.contains("millrace: empty.wav: the file is empty; copy or record it again"))
        }
    }

    @Test func `a folder without a recording is an error`() async throws {
        try await Workplace.with { place in
            try FileManager.default.createDirectory(
                atPath: place.path("talks"), withIntermediateDirectories: true)
            _ = try place.write("Dear diary", to: "talks/notes.txt")
            let end = try await place.millrace(["transcribe", "talks", "--command", "cksum"])
            #expect(end.status == 1)
            #expect(
                end.errorLines == [
                    "talks/notes.txt: skipped, it is not audio",
                    "millrace: talks: there is no recording in the folder; name another",
                ])
            #expect(!FileManager.default.fileExists(atPath: place.store))
        }
    }
}
