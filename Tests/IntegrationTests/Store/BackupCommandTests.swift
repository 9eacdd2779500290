import Foundation
import Testing

@Suite(.bounded) struct BackupCommandTests {
    @Test func `a backup in the middle of a run is whole, and a run from it transcribes only what it lacks`()
        async throws
    {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 9, in: place))
            let file = try Recordings.bursts(16, in: place)
            let command = ["transcribe", file, "--concurrency", "2", "--format", "json"] + Recordings.burstChunks
            let backup = place.path("backup.db")
            let killed = try await place.millrace(command + engine.options) { running in
                try await eventually("the run waits in its middle") { try engine.starts().count == 10 }
                // Or one might be in the cache of the backup, and not settled in it.
                try await eventually("eight chunks are settled") {
                    try await StoreContents(path: place.store).count("chunk_tasks", where: "status = 'COMPLETED'") == 8
                }
                let copied = try await place.millrace(["store", "backup", backup])
                #expect(copied.status == 0, "\(copied.errors)")
                #expect(copied.errors.contains("is backed up to \(backup)"))
                let again = try await place.millrace(["store", "backup", backup])
                #expect(again.status == 1 && again.errors.contains("--force"), "\(again.errors)")
                #expect(try await place.millrace(["store", "backup", backup, "--force"]).status == 0)
                let refused = try await place.millrace(["store", "restore", backup])
                #expect(refused.status == 1 && refused.errorLines.count == 1, "\(refused.errors)")
                #expect(
                    refused.errors.contains("has the store \(place.store) open") || refused.errors.contains("lease"))
                running.send(SIGKILL)
            }
            #expect(killed.status == -SIGKILL)
            try EngineScript.go(in: place)
            let done = try await StoreContents(path: backup).count("chunk_tasks", where: "status = 'COMPLETED'")
            #expect(done == 8)

            let restored = place.path("restored.db")
            let restore = try await place.run(Program.path, ["store", "restore", backup, "--store", restored])
            #expect(restore.status == 0, "\(restore.errors)")
            let check = try await place.run(Program.path, ["store", "check", "--store", restored])
            #expect(check.status == 0, "\(check.output)")
            #expect(check.output.isEmpty && check.errors == "\(restored) is whole.\n")
            let before = try engine.hearings().count
            let end = try await place.run(Program.path, command + engine.options + ["--store", restored])
            #expect(end.status == 0, "\(end.errors)")
            #expect(try end.transcripts()[0].chunks.completed == 16)
            #expect(try engine.hearings().count - before == 16 - done)
            print("backup in a run:\n\(restore.errors)\(check.errors)\(end.errors)")
        }
    }

    @Test func `restoring keeps the former store beside the restored one`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            try await place.millrace(["transcribe", file, "--command", "cksum"])
            let backup = place.path("backup.db")
            try await place.millrace(["store", "backup", backup])
            try await place.millrace(["transcripts", "delete", newest(in: place)])
            #expect(try await place.millrace(["transcripts", "list", "--json"]).output.isEmpty)
            let end = try await place.millrace(["store", "restore", backup])
            #expect(end.status == 0, "\(end.errors)")
            #expect(try await !place.millrace(["transcripts", "list", "--json"]).output.isEmpty)
            let former = try #require(
                FileManager.default.contentsOfDirectory(atPath: place.folder).first { $0.contains(".replaced-") })
            #expect(end.errors.contains(former))
            let list = try await place.run(
                Program.path, ["transcripts", "list", "--json", "--store", place.path(former)])
            #expect(list.status == 0 && list.output.isEmpty)
        }
    }

    private func newest(in place: Workplace) async throws -> String {
        struct Listed: Decodable { let id: String }
        let list = try await place.millrace(["transcripts", "list", "--json"])
        let line = try #require(list.output.split(separator: "\n").first)
        return try JSONDecoder().decode(Listed.self, from: Data(line.utf8)).id
    }
}
