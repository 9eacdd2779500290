import Foundation
import Testing

@Suite(.bounded, .enabled(if: SmallDisk.isPermitted, "only the superuser may mount a small disk"))
struct FullDiskTests {
    @Test func `a disk that fills up in the middle of a run stops it until there is room, and nothing is lost`()
        async throws
    {
        try await Workplace.with { place in
            let file = try Recordings.bursts(24, in: place)
            let calm = try EngineScript(in: place, name: "calm")
            let options = ["--concurrency", "3", "--format", "json", "--no-cache"] + Recordings.burstChunks
            let undisturbed = try await place.millrace(["transcribe", file] + options + calm.options)
            #expect(undisturbed.status == 0, "\(undisturbed.errors)")

            try await SmallDisk.with(megabytes: 8, in: place) { disk in
                let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 8, in: place))
                let command = ["transcribe", file, "--store", disk.inside("store.db")] + options + engine.options
                let end = try await disk.run(Program.path, command) { running in
                    try await eventually("the run is in its middle") { try engine.starts().count >= 8 }
                    try disk.fill()
                    try EngineScript.go(in: place)
                    try await eventually("it says so") { try running.errors().contains("no room is left") }
                    // Longer than its lease: it must come back from having stopped all work.
                    try await eventually("it gives up its lease") { try running.errors().contains("stopping all work") }
                    #expect(!running.hasEnded)
                    try disk.free()
                }
                #expect(end.status == 0, "\(end.errors)")
                #expect(end.errors.contains("The store takes work again"), "\(end.errors)")
                #expect(end.errorLines.count { $0.contains("no room is left") } <= 3, "\(end.errors)")
                let (seen, expected) = (try end.transcripts()[0], try undisturbed.transcripts()[0])
                #expect(seen.text == expected.text)
                #expect(seen.chunks == expected.chunks)
                #expect(Set(try engine.hearings().map(\.checksum)) == Set(try calm.hearings().map(\.checksum)))
                // What was running when the lease was given up may run once more.
                #expect(try engine.hearings().count <= 24 + 3)
                let check = try await disk.run(Program.path, ["store", "check", "--store", disk.inside("store.db")])
                #expect(check.status == 0, "\(check.output)\(check.errors)")
                print("full disk:\n\(end.errors)\(check.errors)")
            }
        }
    }

    @Test func `a disk that is full at the start of a run is one clear line, and the run goes on later`() async throws {
        try await Workplace.with { place in
            try await SmallDisk.with(megabytes: 4, in: place) { disk in
                let file = try Recordings.bursts(4, in: place)
                let engine = try EngineScript(in: place)
                let command =
                    ["transcribe", file, "--store", disk.inside("store.db")] + Recordings.burstChunks + engine.options
                try disk.fill()
                for _ in 0..<2 {
                    let end = try await disk.run(Program.path, command)
                    #expect(end.status == 1)
                    #expect(end.errorLines.count == 1, "\(end.errors)")
                    #expect(
                        end.errors.contains("no room is left for the store \(disk.inside("store.db"))"), "\(end.errors)"
                    )
                }
                #expect(try engine.starts().isEmpty)
                try disk.free()
                let end = try await disk.run(Program.path, command)
                #expect(end.status == 0, "\(end.errors)")
            }
        }
    }

    @Test func `a backup for which there is no room leaves nothing behind`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(8, in: place)
            let engine = try EngineScript(in: place)
            try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options)
            try await SmallDisk.with(megabytes: 1, in: place) { disk in
                try disk.fill()
                let backup = ["store", "backup", disk.inside("copy.db"), "--store", place.store]
                let end = try await disk.run(Program.path, backup)
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1 && end.errors.contains("no room is left"), "\(end.errors)")
                try disk.free()
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk.outside("")) == [".there"])
                #expect(try await disk.run(Program.path, backup).status == 0)
            }
        }
    }

    @Test func `a disk that may only be read is one clear line, and what is on it can be looked at`() async throws {
        try await Workplace.with { place in
            try await SmallDisk.with(megabytes: 4, in: place) { disk in
                let file = try Recordings.bursts(2, in: place)
                let command = [
                    "transcribe", file, "--command", "cksum", "--store", disk.inside("store.db"),
                ]
                #expect(try await disk.run(Program.path, command).status == 0)
                let backup = ["store", "backup", disk.inside("copy.db"), "--store", disk.inside("store.db")]
                #expect(try await disk.run(Program.path, backup).status == 0)
                try await disk.makeReadOnly()
                let end = try await disk.run(Program.path, command)
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1, "\(end.errors)")
                #expect(end.errors.contains(disk.path) && end.errors.contains("cannot be written"), "\(end.errors)")
                let check = try await disk.run(Program.path, ["store", "check", "--store", disk.inside("copy.db")])
                #expect(check.status == 0, "\(check.errors)")
            }
        }
    }
}
