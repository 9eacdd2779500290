import Foundation
import Synchronization
import TestServers
import Testing

@Suite(.bounded) struct AddressTests {
    private struct Named: Decodable {
        let id: String
    }

    @Test func `a recording behind an address is fetched once and its query shown nowhere`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(5, in: place)
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
            let options = ["--format", "json"] + Recordings.burstChunks + engine.options
            let named = try await place.millrace(["transcribe", file, "--no-cache"] + options)
            try await HTTPTestServer.with { _ in
                HTTPTestAnswer(body: sound)
            } body: { server in
                let address = "\(server.url)/talks/one.wav?token=secret"
                let end = try await place.millrace(["transcribe", address, "--verbose"] + options)
                #expect(end.status == 0, "\(end.errors)")
                #expect(server.record.requests == 1)
                let transcript = try #require(try end.transcripts().first)
                #expect(try [transcript.text] == named.transcripts().map(\.text))
                #expect(transcript.source == "\(server.url)/talks/one.wav")
                #expect(place.kept() == [])
                #expect(!(end.errors + end.output).contains("secret"))
                let listed = try await place.millrace(["processings", "list", "--json"])
                // The newest is the first.
                let line = try #require(listed.output.split(separator: "\n").first)
                let id = try JSONDecoder().decode(Named.self, from: Data(line.utf8)).id
                for words in [
                    ["transcripts", "list"], ["transcripts", "list", "--json"], ["processings", "list"],
                    ["processings", "list", "--json"], ["processings", "show", id],
                    ["processings", "show", id, "--json"], ["processings", "watch", id],
                ] {
                    let shown = try await place.millrace(words)
                    #expect(shown.status == 0 && (shown.output + shown.errors).contains("one.wav"), "\(words)")
                    #expect(!(shown.output + shown.errors).contains("secret"), "\(words)")
                }
                // A worker elsewhere needs the whole of it.
                #expect(
                    try await StoreContents(path: place.store)
                        .count("processing_tasks", where: "json_extract(source, '$.path') LIKE '%token=secret'") == 1)
            }
        }
    }

    @Test func `an interrupted run is gone on with, and the line that says so has no query`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 3, in: place))
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Recordings.bursts(6, in: place))))
            try await HTTPTestServer.with { _ in
                HTTPTestAnswer(body: sound)
            } body: { server in
                let arguments =
                    ["transcribe", "\(server.url)/one.wav?token=secret", "--concurrency", "1"] + Recordings.burstChunks
                    + engine.options
                let stopped = try await place.millrace(arguments) { running in
                    try await eventually("some chunks are done") { try engine.starts().count >= 3 }
                    running.send(SIGINT)
                }
                #expect(stopped.status == 130, "\(stopped.errors)")
                #expect(stopped.errorLines.last == "To go on, run the same command again")
                #expect(!stopped.errors.contains("secret"))
                try EngineScript.go(in: place)
                let before = try engine.starts().count
                let resumed = try await place.millrace(arguments)
                #expect(resumed.status == 0, "\(resumed.errors)")
                #expect(try engine.starts().count < before + 6)
                #expect(place.kept() == [])
            }
        }
    }

    @Test func `a worker fetches for itself what it does not find`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 2, in: place))
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Recordings.bursts(6, in: place))))
            try await HTTPTestServer.with { _ in
                HTTPTestAnswer(body: sound)
            } body: { server in
                let options = Recordings.burstChunks + engine.options
                let stopped = try await place.millrace(["transcribe", server.url + "/one.wav"] + options) { running in
                    try await eventually("some chunks run") { try engine.starts().count >= 2 }
                    running.send(SIGINT)
                }
                #expect(stopped.status == 130, "\(stopped.errors)")
                for name in place.kept() { try FileManager.default.removeItem(atPath: "\(place.store)-audio/\(name)") }
                try EngineScript.go(in: place)
                try await place.millrace(["worker"] + engine.options) { worker in
                    let contents = StoreContents(path: place.store)
                    try await eventually("the transcript is done") {
                        try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1
                    }
                    worker.send(SIGTERM)
                }
                #expect(server.record.requests == 2)
            }
        }
    }

    @Test(arguments: [404, 200])
    func `a recording that its address gives no more is a gap, and waited for by nobody`(status: Int) async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 2, in: place))
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Recordings.bursts(6, in: place))))
            let isGone = Atomic(false)
            try await HTTPTestServer.with { _ in
                // Other bytes are another recording.
                isGone.load(ordering: .sequentiallyConsistent)
                    ? HTTPTestAnswer(status: status, body: sound + [0]) : HTTPTestAnswer(body: sound)
            } body: { server in
                let options = Recordings.burstChunks + engine.options
                let stopped = try await place.millrace(["transcribe", server.url + "/one.wav"] + options) { running in
                    try await eventually("some chunks run") { try engine.starts().count >= 2 }
                    running.send(SIGINT)
                }
                #expect(stopped.status == 130, "\(stopped.errors)")
                for name in place.kept() { try FileManager.default.removeItem(atPath: "\(place.store)-audio/\(name)") }
                isGone.store(true, ordering: .sequentiallyConsistent)
                try EngineScript.go(in: place)
                try await place.millrace(["worker"] + engine.options) { worker in
                    let contents = StoreContents(path: place.store)
                    try await eventually("the transcript has ended") {
                        try await contents.count("transcripts", where: "status IN ('PARTIAL', 'FAILED')") == 1
                    }
                    worker.send(SIGTERM)
                }
            }
        }
    }

    @Test(
        arguments: [
            ("missing", "the server answers 404 Not Found; check the address and who may read it"),
            ("cut", "the connection was cut; try again later"),
            ("text", "is not audio in a format that is read here"),
            ("none", "the server sent nothing"),
        ])
    func `what cannot be had is one line without the query, and nothing is stored`(path: String, says: String)
        async throws
    {
        try await Workplace.with { place in
            try await HTTPTestServer.with { request in
                switch request.path.prefix(while: { $0 != "?" }) {
                case "/cut": HTTPTestAnswer(body: Array(repeating: 7, count: 100_000), ending: .cut(after: 50_000))
                case "/text": HTTPTestAnswer(body: Array("Dear diary".utf8))
                case "/none": HTTPTestAnswer()
                default: HTTPTestAnswer(status: 404)
                }
            } body: { server in
                let end = try await place.millrace(
                    ["transcribe", "\(server.url)/\(path)?token=secret", "--command", "cksum"])
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1, "\(end.errors)")
                #expect(end.errors.contains(says), "\(end.errors)")
                #expect(!end.errors.contains("secret"))
                #expect(place.kept() == [])
                #expect(try await StoreContents(path: place.store).workRows() == 0)
            }
        }
    }

    @Test func `an address with a password is wrong usage, and not repeated`() async throws {
        try await Workplace.with { place in
            let end = try await place.millrace(["transcribe", "https://ada:secret@127.0.0.1/a.wav"])
            #expect(end.status == 64)
            #expect(
                end.errorLines.count == 1 && end.errors.contains("must not hold a user or password"), "\(end.errors)")
            #expect(!end.errors.contains("secret") && !end.errors.contains("ada"))
        }
    }
}
