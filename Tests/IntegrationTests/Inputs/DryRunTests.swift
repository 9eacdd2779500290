import Foundation
import Testing

@Suite(.bounded) struct DryRunTests {
    private struct Plan: Decodable {
        struct Piece: Decodable, Equatable {
            let index: Int
            let start: Double
            let end: Double
            let origin: String
        }

        let source: String
        let duration: Double
        let cached: Int
        let secondsToSend: Double
        let chunks: [Piece]
    }

    private func plan(_ end: Ending) throws -> Plan {
        #expect(end.status == 0, "\(end.errors)")
        return try JSONDecoder().decode(Plan.self, from: Data(end.output.utf8))
    }

    @Test func `without a store everything is to be sent, and no store is made`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(2, in: place)
            let options = Recordings.burstChunks + engine.options
            let end = try await place.millrace(["transcribe", file, "--dry-run", "--output", "new/out"] + options)
            #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
            #expect(
                end.output == """
                    \(file): 2 chunks, 0 cached, 3.0 s to send
                      0  00:00:00.000 to 00:00:01.250  to send
                      1  00:00:01.250 to 00:00:03.000  to send

                    """)
            let names = try FileManager.default.contentsOfDirectory(atPath: place.folder)
            #expect(!names.contains { $0.hasPrefix("store.db") } && !names.contains("new"), "\(names)")
            #expect(try engine.starts().isEmpty)
        }
    }

    @Test func `says what the cache has, what an earlier run did, and what is silent`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(4, in: place)
            let options = ["--format", "json"] + Recordings.burstChunks + engine.options
            try await place.millrace(["transcribe", file, "--end", "2.75"] + options)
            let contents = StoreContents(path: place.store)
            let rows = try await contents.workRows()
            let part = try plan(await place.millrace(["transcribe", file, "--dry-run"] + options))
            #expect(part.chunks.map(\.origin) == ["cache", "cache", "engine", "engine"])
            #expect(part.chunks.map(\.start) == [0, 1.25, 2.75, 4.25])
            #expect(part.cached == 2 && part.secondsToSend == 3.25 && part.duration == 6 && part.source == file)
            let without = try plan(await place.millrace(["transcribe", file, "--dry-run", "--no-cache"] + options))
            #expect(without.secondsToSend == 6)
            let later = try plan(await place.millrace(["transcribe", file, "--dry-run", "--start", "2.75"] + options))
            #expect(later.chunks.map(\.start) == [2.75, 4.25])
            #expect(try await contents.workRows() == rows)

            let checksums = try engine.hearings().map(\.checksum)
            try engine.refuse(checksums[0])
            let failing = try await place.millrace(
                ["transcribe", file, "--no-cache", "--end", "2.75"] + options)
            #expect(failing.status == 2, "\(failing.errors)")
            let rest = try plan(
                await place.millrace(["transcribe", file, "--no-cache", "--end", "2.75", "--dry-run"] + options))
            #expect(rest.chunks.map(\.origin).sorted() == ["earlier", "engine"])
            #expect(rest.secondsToSend == (rest.chunks[0].origin == "engine" ? 1.25 : 1.5))

            let silence = try await place.run(
                "sh", ["-c", "head -c 44 '\(file)' > s.wav; head -c 192000 /dev/zero >> s.wav"])
            #expect(silence.status == 0)
            let silent = try plan(await place.millrace(["transcribe", "s.wav", "--dry-run"] + options))
            #expect(Set(silent.chunks.map(\.origin)) == ["silence"] && silent.secondsToSend == 0)
        }
    }

    @Test func `leaves a store of an older version as it is, and says so`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(2, in: place)
            let options = Recordings.burstChunks + engine.options
            try await place.millrace(["transcribe", file] + options)
            let contents = StoreContents(path: place.store)
            let newest = try await contents.count("schema_migrations")
            try await contents.forgetNewestVersion()
            let end = try await place.millrace(["transcribe", file, "--dry-run"] + options)
            #expect(end.status == 0 && end.output.contains("2 chunks, 0 cached, 3.0 s to send"), "\(end.output)")
            #expect(end.errorLines.count == 1 && end.errors.contains("of an older version"), "\(end.errors)")
            let pruned = try await place.millrace(["store", "prune", "--older-than", "1d", "--dry-run"])
            #expect(pruned.status == 1 && pruned.errorLines.count == 1, "\(pruned.errors)")
            #expect(pruned.errors.contains("the store has schema version \(newest - 1)"), "\(pruned.errors)")
            #expect(try await contents.count("schema_migrations") == newest - 1)
        }
    }

    @Test func `decodes elsewhere what has to be decoded, and leaves nothing of it`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            let temporary = place.path("tmp")
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            let arguments = ["transcribe", "-", "missing.wav", "--dry-run", "--format", "json", "--command", "cksum"]
            let end = try await place.millrace(
                arguments + Recordings.burstChunks, reading: file, environment: ["TMPDIR": temporary])
            #expect(end.status == 1)
            #expect(end.errorLines.count == 1 && end.errors.contains("missing.wav: there is no such file"))
            let plan = try JSONDecoder().decode(Plan.self, from: Data(end.output.utf8))
            #expect(plan.source == "-" && plan.chunks.count == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
            #expect(!FileManager.default.fileExists(atPath: place.store))
            #expect(!FileManager.default.fileExists(atPath: place.store + "-audio"))
        }
    }
}
