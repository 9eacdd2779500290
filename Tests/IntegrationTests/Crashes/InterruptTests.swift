import Foundation
import GRDB
import Testing

@Suite(.bounded) struct InterruptTests {
    @Test(arguments: [SIGINT, SIGTERM])
    func `an interrupt keeps what is done and names the command that goes on`(signal: Int32) async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 5, in: place))
            let file = try Recordings.bursts(12, in: place, name: "it's here.wav")
            let end = try await place.millrace(
                ["transcribe", file, "--concurrency", "2"] + Recordings.burstChunks + engine.options
            ) { running in
                try await eventually("some chunks are done") { try engine.starts().count >= 5 }
                running.send(signal)
            }
            #expect(end.status == 130, "\(end.errors)")
            #expect(end.output.isEmpty)
            let contents = StoreContents(path: place.store)
            let completed = try await contents.count("chunk_tasks", where: "status = 'COMPLETED'")
            #expect(completed >= 3)
            let cached = try await contents.count("cache_entries")
            #expect((completed...completed + 2).contains(cached))
            #expect(try await contents.held() == 0)
            #expect(try await contents.count("chunk_tasks", where: "retry_count > 0") == 0)
            try await eventually("no engine outlives the program") { try engine.survivors().isEmpty }
            let last = try #require(end.errorLines.last)
            try #require(last.hasPrefix("To go on: "))
            let before = try engine.starts().count
            try EngineScript.go(in: place)
            let resumed = try await place.run("sh", ["-c", String(last.dropFirst("To go on: ".count))])
            #expect(resumed.status == 0, "\(resumed.errors)")
            // One that was cached and not settled when the end came is not run again either.
            let starts = try engine.starts().count - before
            #expect(starts == 12 - cached)
            #expect(resumed.output.split(whereSeparator: \.isWhitespace).count == 24, "\(resumed.output)")
        }
    }

    @Test func `the command that goes on is the one that the starting script was called with`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.millrace(
                ["transcribe", file] + engine.options, environment: ["MILLRACE_PROGRAM": "script/millrace"]
            ) { running in
                try await eventually("the engine runs") { try !engine.starts().isEmpty }
                running.send(SIGINT)
            }
            try await eventually("no engine outlives the program") { try engine.survivors().isEmpty }
            #expect(
                end.errorLines.last
                    == "To go on: script/millrace transcribe \(file) --engine command --command 'sh \(engine.path)' "
                    + "--store \(place.store)")
        }
    }

    @Test func `a second interrupt ends the program at once`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(2, in: place)
            let end = try await place.millrace(
                ["transcribe", file] + Recordings.burstChunks + engine.options
            ) { running in
                try await eventually("the engine runs") { try engine.hearings().count == 2 }
                // As long as somebody else writes, a graceful stop cannot give its chunks back.
                var configuration = Configuration()
                configuration.allowsUnsafeTransactions = true
                configuration.busyMode = .timeout(60)
                let blocker = try DatabaseQueue(path: place.store, configuration: configuration)
                try await blocker.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
                running.send(SIGINT)
                try await eventually("the first is understood") { try running.errors().contains("Stopping") }
                running.send(SIGINT)
                try await promptly(within: .seconds(4), "the program ends") { running.hasEnded }
                try await blocker.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            }
            #expect(end.status == 130)
            #expect(end.errorLines.last?.hasPrefix("To go on: ") == true, "\(end.errors)")
            try await eventually("no engine outlives the program") { try engine.survivors().isEmpty }
            #expect(try await StoreContents(path: place.store).held() == 2)
        }
    }

    @Test func `an interrupt also stops the reading of a long recording`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            // Six hours of silence that take no room on the disk.
            let file = try Recordings.bursts(1, in: place)
            try await place.run("sh", ["-c", "dd if=/dev/zero of=bursts.wav bs=1 count=0 seek=691200044 2>/dev/null"])
            let size = Data([0, 0x54, 0x32, 0x29])
            let handle = try #require(FileHandle(forUpdatingAtPath: file))
            try handle.seek(toOffset: 40)
            try handle.write(contentsOf: size)
            try handle.close()
            let end = try await place.millrace(["transcribe", file] + engine.options) { running in
                try await eventually("it reads") {
                    // It stands still while it is looked at, so that it has not read all by then.
                    running.send(SIGSTOP)
                    defer { running.send(SIGCONT) }
                    let isReading = running.readBytes ?? 0 > 20_000_000
                    if isReading { running.send(SIGINT) }
                    return isReading
                }
                try await promptly(within: .seconds(3), "the program ends") { running.hasEnded }
            }
            #expect(end.status == 130, "\(end.errors)")
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }

    @Test func `an interrupt of several files counts more than a bad one`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let files = try [Recordings.bursts(1, in: place), Recordings.bursts(1, in: place, name: "b.wav", seed: 2)]
            let end = try await place.millrace(
                ["transcribe", "missing.wav"] + files + engine.options
            ) { running in
                try await eventually("the engine runs") { try !engine.starts().isEmpty }
                running.send(SIGINT)
            }
            #expect(end.status == 130, "\(end.errors)")
            #expect(try engine.starts().count == 1)
        }
    }
}
