import Foundation
import GRDB
import Testing

@Suite(.bounded) struct StoreCommandTests {
    private struct Info: Decodable {
        let path: String
        let id: String
        let schemaVersion: Int
        let fileBytes: Int
        let journalBytes: Int
        let freeBytes: Int
        let jobs: [String: Int]
        let processings: [String: Int]
        let chunks: [String: Int]
        let transcripts: [String: Int]
        let cache: [String: Int]
        let newest: String?
        let workers: Int
    }

    @Test func `info tells what a store holds, for people and as JSON`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(3, in: place)
            let run = try await place.millrace(["transcribe", file, "--command", "cksum"] + Recordings.burstChunks)
            #expect(run.status == 0, "\(run.errors)")
            let end = try await place.millrace(["store", "info", "--json"])
            #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
            let info = try JSONDecoder().decode(Info.self, from: Data(end.output.utf8))
            #expect(info.path == place.store && info.id.count == 32 && info.schemaVersion > 0)
            #expect(info.chunks == ["COMPLETED": 3] && info.transcripts == ["COMPLETED": 1])
            #expect(info.jobs == ["COMPLETED": 1] && info.processings == ["COMPLETED": 1])
            #expect(info.cache == ["entries": 3, "expired": 0] && info.newest != nil && info.workers == 0)
            let table = try await place.millrace(["store", "info"])
            #expect(table.output.contains("Chunks       3 COMPLETED\n"), "\(table.output)")
            print(table.output)
        }
    }

    @Test func `check names what is wrong, repairs it when told to, and says so by its exit status`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            try await place.millrace(["transcribe", file, "--command", "cksum"])
            let whole = try await place.millrace(["store", "check"])
            #expect(whole.status == 0 && whole.output.isEmpty, "\(whole.output)\(whole.errors)")
            let queue = try DatabaseQueue(path: place.store)
            try await queue.write { try $0.execute(sql: "UPDATE processing_tasks SET completed_chunks = 77") }
            try queue.close()
            let orphan = try decoded(String(repeating: "ab", count: 32), in: place)

            let broken = try await place.millrace(["store", "check"])
            #expect(broken.status == 1)
            #expect(broken.output.split(separator: "\n").count == 2, "\(broken.output)")
            #expect(broken.output.contains("counters: processing ") && broken.output.contains("(--repair mends it)"))
            #expect(broken.output.contains("audio: \(orphan) "))
            let mended = try await place.millrace(["store", "check", "--repair", "--json"])
            #expect(mended.status == 0, "\(mended.output)")
            #expect(mended.output.split(separator: "\n").allSatisfy { $0.contains(#""remedy":"mended""#) })
            #expect(!FileManager.default.fileExists(atPath: orphan))
            #expect(try await place.millrace(["store", "check"]).status == 0)
        }
    }

    @Test func `prune says what would go, deletes it, and leaves the transcripts`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(3, in: place)
            let run = ["transcribe", file, "--command", "cksum"] + Recordings.burstChunks
            let first = try await place.millrace(run)
            let young = try await place.millrace(["store", "prune", "--older-than", "1h"])
            #expect(young.status == 0 && young.output == "Deleted nothing.\n", "\(young.output)\(young.errors)")
            let dry = try await place.millrace(["store", "prune", "--older-than", "0s", "--dry-run"])
            #expect(
                dry.outputWithoutSamples == "Would delete 1 processing, 3 chunks, 1 job.\n",
                "\(dry.output)\(dry.errors)")
            let pruned = try await place.millrace(["store", "prune", "--older-than", "0s"])
            #expect(pruned.outputWithoutSamples == "Deleted 1 processing, 3 chunks, 1 job.\n", "\(pruned.errors)")
            #expect(try await place.millrace(["transcripts", "list", "--json"]).output.contains("COMPLETED"))
            let again = try await place.millrace(run)
            #expect(again.status == 0 && again.output == first.output)
            #expect(again.errors.contains("3 of them cached"), "\(again.errors)")
            let all = try await place.millrace(["store", "prune", "--older-than", "0s", "--transcripts", "--json"])
            #expect(all.output.contains(#""transcripts":2"#), "\(all.output)")
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }

    @Test(arguments: [
        (["store", "prune"], 64, "--older-than"),
        (["store", "prune", "--older-than", "soon"], 64, "'soon' is invalid for '--older-than"),
        (["store", "prune", "--older-than", "-3d"], 64, "--older-than"),
        (["store", "prune", "--older-than", "9999999999d"], 64, "--older-than"),
        (["store", "info"], 1, "there is no store at"), (["store", "check"], 1, "there is no store at"),
        (["store", "check", "--repair"], 1, "there is no store at"),
        (["store", "backup", "copy.db"], 1, "there is no store at"),
        (["store", "prune", "--older-than", "1d"], 1, "there is no store at"),
        (["store", "restore", "nothing.db"], 1, "there is no store at"), (["store", "backup"], 64, "<file>"),
    ])
    func `bad input gets one clear line, and no store is made`(arguments: [String], status: Int, says: String)
        async throws
    {
        try await Workplace.with { place in
            let end = try await place.millrace(arguments)
            #expect(end.status == Int32(status), "\(end.errors)")
            #expect(end.errorLines.count == 1 && end.errors.contains(says), "\(end.errors)")
            #expect(!FileManager.default.fileExists(atPath: place.store))
        }
    }

    private func decoded(_ name: String, in place: Workplace) throws -> String {
        let folder = place.store + "-audio"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = "\(folder)/\(name).flac"
        try Data("fLaC".utf8).write(to: URL(fileURLWithPath: file))
        // A young one might be another process's that has just begun.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -7_200)], ofItemAtPath: file)
        return file
    }
}
