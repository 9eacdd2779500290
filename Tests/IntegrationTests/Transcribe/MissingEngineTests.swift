import Foundation
import Synchronization
import TestServers
import Testing

/// Engines that are gone in the middle of the work.
@Suite(.bounded) struct MissingEngineTests {
    /// An engine that is a program of its own, as an operator installs it.
    private struct Installed {
        let script: EngineScript
        let path: String
        private let spare: String

        init(in place: Workplace, before: String = ":") throws {
            script = try EngineScript(in: place, before: before)
            path = place.path("ear")
            spare = place.path("ear.away")
            try Data("#!/bin/sh\nexec sh \(script.path)\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }

        var options: [String] { ["--engine", "command", "--command", path] }

        func uninstall() throws { try FileManager.default.moveItem(atPath: path, toPath: spare) }
        func install() throws { try FileManager.default.moveItem(atPath: spare, toPath: path) }
    }

    @Test func `a worker whose engine is uninstalled waits for it, and goes on when it is back`() async throws {
        try await Workplace.with { place in
            // The chunks of the second run wait.
            let engine = try Installed(in: place, before: EngineScript.waiting(fromStart: 9, in: place))
            let file = try Recordings.bursts(8, in: place)
            let contents = StoreContents(path: place.store)
            let end = try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("it works") { try worker.errors().contains("Working on") }
                try engine.uninstall()
                let detached = try await place.millrace(
                    ["transcribe", file, "--detach"] + Recordings.burstChunks + engine.options)
                #expect(detached.status == 0, "\(detached.errors)")
                try await eventually("it says that the engine is gone") {
                    try worker.errors().contains("An engine is unavailable")
                }
                try engine.install()
                try await eventually("the transcript is there") {
                    try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1
                }
                // And in the middle of the chunks.
                try await place.millrace(
                    ["transcribe", file, "--detach", "--no-cache"] + Recordings.burstChunks + engine.options)
                try await eventually("four chunks wait") { try engine.script.starts().count == 12 }
                try engine.uninstall()
                try EngineScript.go(in: place)
                try await eventually("it says so again") {
                    try worker.errors().components(separatedBy: "An engine is unavailable").count == 3
                }
                try engine.install()
                try await eventually("both transcripts are there") {
                    try await contents.count("transcripts", where: "status = 'COMPLETED'") == 2
                }
                worker.send(SIGTERM)
            }
            #expect(end.status == 0, "\(end.errors)")
            let told = end.errorLines.filter { $0.contains("unavailable") || $0.contains("available again") }
            #expect(told.count == 4, "\(end.errors)")
            #expect(told[0].contains("the program \(engine.path) is not found; install it"), "\(told)")
            #expect(try await contents.count("chunk_tasks", where: "retry_count > 0 OR status <> 'COMPLETED'") == 0)
            #expect(try await contents.count("processing_jobs", where: "retry_count > 0") == 0)
        }
    }

    @Test func `transcribe ends with one error when its engine is gone, and goes on where it was`() async throws {
        try await Workplace.with { place in
            let engine = try Installed(in: place, before: EngineScript.waiting(fromStart: 3, in: place))
            let file = try Recordings.bursts(8, in: place)
            let other = try Recordings.bursts(2, in: place, name: "other.wav", seed: 7)
            let command =
                ["transcribe", file, other, "--output", place.path("out/"), "--concurrency", "2"]
                + Recordings.burstChunks + engine.options
            let contents = StoreContents(path: place.store)
            let end = try await place.millrace(command) { _ in
                try await eventually("some are done, two wait") {
                    let starts = try engine.script.starts().count
                    return try starts >= 3 && starts - engine.script.ends().values.reduce(0, +) == 2
                }
                try engine.uninstall()
                try EngineScript.go(in: place)
            }
            #expect(end.status == 1, "\(end.errors)")
            #expect(end.errorLines.filter { $0.hasPrefix("millrace:") }.count == 1, "\(end.errors)")
            #expect(end.errors.contains("millrace: the program \(engine.path) is not found"), "\(end.errors)")
            #expect(end.errorLines.last?.hasPrefix("To go on: ") == true, "\(end.errors)")
            #expect(try await contents.count("chunk_tasks", where: "status NOT IN ('PENDING', 'COMPLETED')") == 0)
            #expect(try await contents.count("chunk_tasks", where: "retry_count > 0") == 0)

            try engine.install()
            let done = try await contents.count("chunk_tasks", where: "status = 'COMPLETED'")
            #expect(done >= 2)
            // One that was cached and not settled when the end came is not run again either.
            let cached = try await contents.count("cache_entries")
            #expect((done...done + 2).contains(cached))
            let before = try engine.script.starts().count
            let again = try await place.millrace(command)
            #expect(again.status == 0, "\(again.errors)")
            let starts = try engine.script.starts().count - before
            #expect(starts == 10 - cached)
        }
    }

    @Test func `a worker whose key is refused waits for it, and is asked rarely`() async throws {
        let isRefused = Atomic(false)
        let posts = Atomic(0)
        try await HTTPTestServer.with { request in
            guard !isRefused.load(ordering: .sequentiallyConsistent) else {
                if request.method == "POST" { posts.add(1, ordering: .sequentiallyConsistent) }
                return .json(#"{"error":{"message":"no such key"}}"#, status: 401)
            }
            return request.method == "POST" ? .json(#"{"text":"word"}"#) : .json(#"{"data":[]}"#)
        } body: { server in
            try await Workplace.with { place in
                let file = try Recordings.bursts(12, in: place)
                let contents = StoreContents(path: place.store)
                let options = ["--base-url", server.url]
                let end = try await place.millrace(["worker"] + options) { worker in
                    try await eventually("it works") { try worker.errors().contains("Working on") }
                    try await place.millrace(
                        ["transcribe", file, "--detach", "--chunk-seconds", "1.5"] + options)
                    isRefused.store(true, ordering: .sequentiallyConsistent)
                    try await eventually("it says that the key is refused, or all was sent before") {
                        try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1
                            || worker.errors().contains("no such key")
                    }
                    isRefused.store(false, ordering: .sequentiallyConsistent)
                    try await eventually("the transcript is there") {
                        try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1
                    }
                    worker.send(SIGTERM)
                }
                #expect(end.status == 0, "\(end.errors)")
                #expect(posts.load(ordering: .sequentiallyConsistent) <= 4)
                #expect(try await contents.count("chunk_tasks", where: "retry_count > 0") == 0)
            }
        }
    }
}
