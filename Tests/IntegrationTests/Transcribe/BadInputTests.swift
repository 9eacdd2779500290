import Foundation
import Testing

/// Something that a user may get wrong.
struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes the bad thing and returns the arguments of `transcribe`; a good recording is `good.wav`.
    let arguments: @Sendable (Workplace) throws -> [String]
    let status: Int32
    /// What the one line must say.
    let says: String

    init(
        _ name: String, status: Int32 = 1, says: String,
        arguments: @escaping @Sendable (Workplace) throws -> [String]
    ) {
        testDescription = name
        self.status = status
        self.says = says
        self.arguments = arguments
    }

    static let recordings: [Mistake] = [
        Mistake("missing", says: "gone.wav: there is no such file") { _ in ["gone.wav"] },
        Mistake("a folder without anything", says: "there is no recording in the folder") { place in
            try FileManager.default.createDirectory(atPath: place.path("empty"), withIntermediateDirectories: true)
            return ["empty"]
        },
        Mistake("empty", says: "the file is empty") { place in [try place.write("", to: "empty.wav")] },
        Mistake("text named .wav", says: "is not audio in a format that is read here") { place in
            [try place.write("Dear diary, today I made a wave.\n", to: "diary.wav")]
        },
        Mistake("truncated FLAC", says: "is cut off or damaged") { place in
            let whole = try Data(contentsOf: URL(fileURLWithPath: Recordings.example))
            try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: place.path("cut.flac")))
            return [place.path("cut.flac")]
        },
        Mistake("only the start of a FLAC header", says: "its header is damaged") { place in
            [try place.write("fLaC", to: "head.flac")]
        },
        Mistake("WAV without samples", says: "there is no audio in the file") { place in
            let good = try Data(contentsOf: URL(fileURLWithPath: place.path("good.wav")))
            var header = good.prefix(44)
            header.replaceSubrange(40..<44, with: [0, 0, 0, 0])
            header.replaceSubrange(4..<8, with: [36, 0, 0, 0])
            try header.write(to: URL(fileURLWithPath: place.path("silent.wav")))
            return [place.path("silent.wav")]
        },
        Mistake("name with a line end and a colour", says: "a?b?[31m.wav: there is no such file") { _ in
            ["a\nb\u{1B}[31m.wav"]
        },
        Mistake("a device", says: "is not a regular file") { _ in ["/dev/zero"] },
    ]

    static let options: [Mistake] = [
        Mistake("unknown option", status: 64, says: "Unknown option '--fast'") { _ in ["good.wav", "--fast"] },
        Mistake("no recording", status: 64, says: "Missing expected argument '<files> ...'") { _ in [] },
        Mistake("unknown engine", status: 64, says: "'whisperer' is invalid for '--engine <name>'") { _ in
            ["good.wav", "--engine", "whisperer"]
        },
        Mistake("no chunk length", status: 64, says: "--chunk-seconds must be between 1 and 1000000") { _ in
            ["good.wav", "--chunk-seconds", "0"]
        },
        Mistake("a chunk length that is no number", status: 64, says: "--chunk-seconds must be between") { _ in
            ["good.wav", "--chunk-seconds", "nan"]
        },
        Mistake("a chunk length in words", status: 64, says: "'long' is invalid for '--chunk-seconds") { _ in
            ["good.wav", "--chunk-seconds", "long"]
        },
        Mistake("no concurrency", status: 64, says: "--concurrency must be between 1 and 1000") { _ in
            ["good.wav", "--concurrency", "0"]
        },
        Mistake("concurrency below zero", status: 64, says: "--concurrency") { _ in
            ["good.wav", "--concurrency=-3"]
        },
        Mistake("unknown format", status: 64, says: "Please provide one of 'txt', 'vtt', 'srt' or 'json'") { _ in
            ["good.wav", "--format", "docx"]
        },
        Mistake("language that is no tag", status: 64, says: "--language must be a tag") { _ in
            ["good.wav", "--language", "en glish"]
        },
        Mistake("quiet and verbose", status: 64, says: "exclude each other") { _ in ["good.wav", "-q", "-v"] },
        Mistake("engine command without one", status: 64, says: "needs --command") { _ in
            ["good.wav", "--engine", "command"]
        },
        Mistake("a command for another engine", status: 64, says: "--command is for --engine command") { _ in
            ["good.wav", "--engine", "pocketsphinx", "--command", "cksum"]
        },
        Mistake("an open quote", status: 64, says: "the single quote at character 4 is not closed") { _ in
            ["good.wav", "--command", "sh 'x"]
        },
        Mistake("an empty command", status: 64, says: "is empty; name a program") { _ in
            ["good.wav", "--command", " "]
        },
    ]

    static let surroundings: [Mistake] = [
        Mistake("program not found", says: "the program no-such-engine is not found") { _ in
            ["good.wav", "--command", "no-such-engine {file}"]
        },
        Mistake("program not executable", says: "is not an executable program") { place in
            ["good.wav", "--command", try place.write("", to: "engine.txt")]
        },
        Mistake("language that the engine does not know", says: "pocketsphinx knows English only") { _ in
            ["good.wav", "--language", "fr"]
        },
        Mistake("store is a folder", says: "is a folder; --store names the file of the store") { place in
            ["good.wav", "--command", "cksum", "--store", place.folder]
        },
        Mistake("store is another program's", says: "belongs to another program") { place in
            ["good.wav", "--command", "cksum", "--store", try foreignStore(place)]
        },
        Mistake("store is no database", says: "garbage.db") { place in
            let garbage = try place.write(String(repeating: "This is no database. ", count: 100), to: "garbage.db")
            return ["good.wav", "--command", "cksum", "--store", garbage]
        },
        Mistake("store in a folder that cannot be", says: "cannot be made") { _ in
            ["good.wav", "--command", "cksum", "--store", "/dev/null/x/store.db"]
        },
        Mistake("store by a foreign URL", says: "a store of kind redis: is not known") { _ in
            ["good.wav", "--command", "cksum", "--store", "redis://localhost"]
        },
        Mistake("output in a missing folder", says: "does not exist or cannot be written") { _ in
            ["good.wav", "--command", "cksum", "--output", "nowhere/out.txt"]
        },
        Mistake("output folder that cannot be made", says: "of --output cannot be made") { _ in
            ["good.wav", "--command", "cksum", "--output", "good.wav/out/"]
        },
    ]

    private static func foreignStore(_ place: Workplace) throws -> String {
        let path = place.path("foreign.db")
        try ForeignDatabase.make(at: path)
        return path
    }
}

@Suite(.bounded) struct BadInputTests {
    @Test(arguments: Mistake.recordings + Mistake.options + Mistake.surroundings)
    func `bad input gets one clear line, and nothing is stored`(mistake: Mistake) async throws {
        try await Workplace.with { place in
            _ = try Recordings.bursts(1, in: place, name: "good.wav")
            var arguments = try mistake.arguments(place)
            let needsEngine =
                mistake.status == 1 && !arguments.contains("--command")
                && !arguments.contains("--language")
            if needsEngine { arguments += ["--command", "cksum"] }
            if !arguments.contains("--store") { arguments += ["--store", place.store] }
            let end = try await place.run(Program.path, ["transcribe"] + arguments)
            #expect(end.status == mistake.status, "\(end.errors)")
            #expect(end.errorLines.count == 1, "\(end.errors)")
            #expect(end.errors.hasPrefix("millrace: "))
            #expect(end.errors.contains(mistake.says), "\(end.errors)")
            #expect(end.output.isEmpty)
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }

    @Test func `a foreign file named as store is left as it was`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let text = String(repeating: "This is no database. ", count: 100)
            let garbage = try place.write(text, to: "garbage.db")
            try await place.run(Program.path, ["transcribe", file, "--command", "cksum", "--store", garbage])
            #expect(try place.text("garbage.db") == text)
        }
    }
}
