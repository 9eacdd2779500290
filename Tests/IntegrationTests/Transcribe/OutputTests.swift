import Foundation
import Testing

@Suite(.bounded) struct OutputTests {
    @Test func `in a pipe the transcript alone is on standard output, plain lines on the other`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(2, in: place)
            let end = try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options)
            let words = try engine.hearings().map(\.checksum)
            #expect(Set(end.output.split(whereSeparator: \.isWhitespace).map(String.init)) == Set(words + ["heard"]))
            #expect(end.output.hasSuffix("\n"))
            #expect(!end.errors.contains { $0 == "\u{1B}" || $0 == "\r" })
            #expect(end.errorLines.allSatisfy { $0.hasPrefix("bursts.wav: ") })
            #expect(end.errorLines.last?.hasPrefix("bursts.wav: 2 of 2 chunks, 3.0 s of sound in ") == true)
        }
    }

    @Test func `quiet says nothing but errors, verbose says more`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(1, in: place)
            let quiet = try await place.millrace(["transcribe", file, "-q"] + engine.options)
            #expect(quiet.errors.isEmpty)
            #expect(!quiet.output.isEmpty)
            let bad = try await place.millrace(["transcribe", "gone.wav", "-q"] + engine.options)
            #expect(bad.errorLines.count == 1)
            let plain = try await place.millrace(["transcribe", file] + engine.options)
            let verbose = try await place.millrace(["transcribe", file, "-v"] + engine.options)
            #expect(verbose.errors.contains("Store: \(place.store)"))
            #expect(verbose.errorLines.count > plain.errorLines.count)
        }
    }

    @Test(arguments: [nil, "", "1"] as [String?])
    func `on a terminal a bar is drawn, and NO_COLOR takes the colours`(noColour: String?) async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: "sleep 0.3")
            let file = try Recordings.bursts(4, in: place)
            let command =
                "\(Program.path) transcribe gone.wav \(file) --chunk-seconds 1.5 --concurrency 1 "
                + "--engine command --command 'sh \(engine.path)' --store \(place.store)"
            // script(1) runs the command on a terminal of its own; that writes to its standard output.
            let end = try await place.run(
                "script", ["-qec", command, "/dev/null"], environment: ["NO_COLOR": noColour, "TERM": "xterm"])
            #expect(end.status == 1)
            #expect(end.output.contains("\r\u{1B}[K["), "\(end.output.debugDescription)")
            #expect(end.output.contains("/4 chunks"))
            #expect(end.output.contains("ETA "))
            #expect(end.output.contains("\u{1B}[31m") == (noColour != "1"))
        }
    }

    @Test func `a terminal that cannot redraw lines gets plain ones`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(1, in: place)
            let command = "\(Program.path) transcribe \(file) --command cksum --store \(place.store)"
            let end = try await place.run("script", ["-qec", command, "/dev/null"], environment: ["TERM": "dumb"])
            #expect(end.status == 0)
            #expect(!end.output.contains("\u{1B}"), "\(end.output.debugDescription)")
        }
    }

    @Test(arguments: ["| head -c 1", "| { exec <&-; : > gone; }", ">/dev/full", ">&-", ">&- 2>&- <&-"])
    func `a standard output that is gone is no crash, and the transcript is kept`(end redirection: String) async throws
    {
        try await Workplace.with { place in
            // Nobody reads any more by the time that there is something to write.
            let engine = try EngineScript(
                in: place, before: "while [ ! -e \(place.path("gone")) ]; do sleep 0.1; done")
            if !redirection.contains("gone") { _ = try place.write("", to: "gone") }
            let file = try Recordings.bursts(2, in: place)
            let command =
                "\(Program.path) transcribe \(file) --chunk-seconds 1.5 --engine command "
                + "--command 'sh \(engine.path)' --store \(place.store)"
            let end = try await place.run("sh", ["-c", "{ \(command); echo $? > status; } \(redirection)"])
            let status = try place.text("status")
            #expect(status == (redirection == "| head -c 1" ? "0\n" : "1\n"))
            if redirection.hasPrefix(">"), !redirection.contains("2>") {
                #expect(end.errors.contains("standard output cannot be written; the transcript is kept"))
            }
            let contents = StoreContents(path: place.store)
            #expect(try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1)
        }
    }

    @Test func `the version and the help are on standard output`() async throws {
        try await Workplace.with { place in
            let version = try await place.run(Program.path, ["--version"])
            #expect(version.status == 0)
            #expect(version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
            for command in [["--help"], ["transcribe", "--help"], ["worker", "--help"], ["transcripts", "--help"]] {
                let help = try await place.run(Program.path, command)
                #expect(help.status == 0)
                #expect(help.output.contains("USAGE: millrace"))
                #expect(help.errors.isEmpty)
            }
        }
    }
}
