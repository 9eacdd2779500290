import Foundation
import Testing

@Suite(.bounded) struct StandardInputTests {
    @Test func `the same bytes again go on where the first run was, or come from the cache`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 3, in: place))
            let file = try Recordings.bursts(6, in: place)
            let arguments =
                ["transcribe", "-", "--format", "json", "--concurrency", "1"] + Recordings.burstChunks + engine.options
            let stopped = try await place.millrace(arguments, reading: file) { running in
                try await eventually("some chunks are done") { try engine.starts().count >= 3 }
                running.send(SIGINT)
            }
            #expect(stopped.status == 130, "\(stopped.errors)")
            #expect(stopped.errorLines.last == "To go on, run the same command with the same input")
            #expect(place.kept().count == 1)
            try EngineScript.go(in: place)
            let before = try engine.starts().count
            let resumed = try await place.millrace(arguments, reading: file)
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try engine.starts().count < before + 6)
            #expect(place.kept() == [])
            let after = try engine.starts().count
            let third = try await place.millrace(arguments, reading: file)
            #expect(try third.transcripts().map(\.chunks.cached) == [6])
            #expect(try engine.starts().count == after)
            let named = try await place.millrace(
                ["transcribe", file, "--format", "json"] + Recordings.burstChunks + engine.options)
            #expect(try named.transcripts().map(\.text) == resumed.transcripts().map(\.text))
            #expect(try resumed.transcripts().map(\.source) == ["-"])
        }
    }

    @Test func `a worker beside shares what came by standard input`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 2, in: place))
            let file = try Recordings.bursts(8, in: place)
            let options = Recordings.burstChunks + engine.options
            let end = try await place.millrace(["transcribe", "-", "--concurrency", "1"] + options, reading: file) {
                running in
                try await eventually("the run is stored") { try !engine.starts().isEmpty }
                try await place.millrace(["worker", "--concurrency", "1"] + engine.options) { worker in
                    try await eventually("the worker works") {
                        Set(try engine.starts().map(\.parent)).count == 2
                    }
                    try EngineScript.go(in: place)
                    let contents = StoreContents(path: place.store)
                    try await eventually("all is done") {
                        try await contents.count("chunk_tasks", where: "status = 'COMPLETED'") == 8
                    }
                    worker.send(SIGTERM)
                }
            }
            #expect(end.status == 0, "\(end.errors)")
            #expect(try engine.starts().count == 8)
        }
    }

    @Test func `an interrupt while it is read leaves nothing behind`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            try await place.run("mkfifo", ["slow"])
            let end = try await place.run(
                "sh",
                ["-c", "exec 9<>slow; printf RIFF >&9; exec \"$0\" \"$@\" < slow", Program.path, "transcribe", "-"]
                    + engine.options + ["--store", place.store]
            ) { running in
                try await eventually("something is taken in") { place.kept().count == 1 }
                running.send(SIGINT)
                try await eventually("the program ends") { running.hasEnded }
            }
            #expect(end.status == 130, "\(end.errors)")
            #expect(place.kept() == [])
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }

    @Test func `what a killed run took in is gone after the next`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            try await place.run("mkfifo", ["slow"])
            let killed = try await place.run(
                "sh",
                ["-c", "exec 9<>slow; printf RIFF >&9; exec \"$0\" \"$@\" < slow", Program.path, "transcribe", "-"]
                    + engine.options + ["--store", place.store]
            ) { running in
                try await eventually("something is taken in") { place.kept().count == 1 }
                running.send(SIGKILL)
            }
            #expect(killed.status == -SIGKILL)
            #expect(place.kept().count == 1)
            let file = try Recordings.bursts(1, in: place)
            try await place.millrace(["transcribe", file] + engine.options)
            #expect(place.kept() == [])
        }
    }

    @Test func `nothing, a closed one and a terminal are refused in one line`() async throws {
        try await Workplace.with { place in
            let transcribe = ["transcribe", "-", "--command", "cksum", "--store", place.store]
            let empty = try await place.millrace(["transcribe", "-", "--command", "cksum"], reading: "/dev/null")
            let closed = try await place.run("sh", ["-c", "exec \"$0\" \"$@\" <&-", Program.path] + transcribe)
            let hint = "pipe a recording into it, as in: millrace transcribe - < talk.flac"
            for end in [empty, closed] {
                #expect(end.status == 1)
                #expect(end.errorLines == ["millrace: standard input: is empty; \(hint)"])
            }
            let command = ([Program.path] + transcribe).joined(separator: " ")
            let terminal = try await place.run("script", ["-qec", command, "/dev/null"])
            #expect(terminal.status == 1)
            #expect(terminal.output.contains("standard input: is a terminal; \(hint)"), "\(terminal.output)")
            let twice = try await place.millrace(["transcribe", "-", "-", "--command", "cksum"])
            #expect(twice.status == 64)
            #expect(twice.errors.contains("Standard input (-) can be read only once"))
            #expect(try await StoreContents(path: place.store).workRows() == 0)
            #expect(place.kept() == [])
        }
    }
}
