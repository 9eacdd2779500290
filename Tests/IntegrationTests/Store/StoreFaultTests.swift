import Foundation
import GRDB
import Testing

@Suite(.bounded) struct StoreFaultTests {
    /// Something that happened to the file between two runs.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let says: String
        let harm: @Sendable (String) throws -> Void

        init(_ name: String, says: String, harm: @escaping @Sendable (String) throws -> Void) {
            testDescription = name
            self.says = says
            self.harm = harm
        }

        static let all = [
            Fault("cut off", says: "is damaged; millrace store check tells where") { store in
                try truncate(store, to: 12_288)
            },
            Fault("overwritten from its first byte", says: "is damaged or not a store of Millrace") { store in
                try overwrite(store, from: 0)
            },
            Fault("overwritten but for its header", says: "is damaged; millrace store check tells where") { store in
                try overwrite(store, from: 4_096)
            },
            Fault("emptied, with its log left", says: "its log") { store in
                try truncate(store, to: 0)
                try Data(repeating: 7, count: 4_096).write(to: URL(fileURLWithPath: store + "-wal"))
            },
            Fault("gone, with its log left", says: "put the file back") { store in
                try FileManager.default.removeItem(atPath: store)
                try Data(repeating: 7, count: 4_096).write(to: URL(fileURLWithPath: store + "-wal"))
            },
            Fault("of a newer version", says: "use a newer millrace") { store in
                let queue = try DatabaseQueue(path: store)
                try queue.write { try $0.execute(sql: "INSERT INTO schema_migrations VALUES (9999, 'later', 0)") }
                try queue.close()
            },
        ]

        /// Takes the log into the file: a program may end before it has done so.
        static func foldLog(_ store: String) async throws {
            var configuration = Configuration()
            // A program may be writing just now.
            configuration.busyMode = .timeout(60)
            let queue = try DatabaseQueue(path: store, configuration: configuration)
            try await queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
            try queue.close()
        }

        static func truncate(_ path: String, to length: UInt64) throws {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.truncate(atOffset: length)
            try file.close()
        }

        static func overwrite(_ path: String, from offset: Int) throws {
            let length = try Data(contentsOf: URL(fileURLWithPath: path)).count
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: UInt64(offset))
            try file.write(contentsOf: Data((offset..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }))
            try file.close()
        }
    }

    @Test(arguments: Fault.all)
    func `a harmed file is one clear line that names it, is left as it is, and a backup mends it`(fault: Fault)
        async throws
    {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let command = ["transcribe", file] + Recordings.burstChunks + engine.options
            let first = try await place.millrace(command)
            #expect(first.status == 0, "\(first.errors)")
            let backup = place.path("backup.db")
            #expect(try await place.millrace(["store", "backup", backup]).status == 0)
            try await Fault.foldLog(place.store)
            try fault.harm(place.store)
            let harmed = FileManager.default.contents(atPath: place.store)
            for arguments in [command, ["transcripts", "list"], ["store", "prune", "--older-than", "1d"]] {
                let end = try await place.millrace(arguments)
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1 && end.errors.contains(place.store), "\(end.errors)")
                if arguments == command { #expect(end.errors.contains(fault.says), "\(end.errors)") }
            }
            let check = try await place.millrace(["store", "check"])
            #expect(check.status == 1 && !(check.output + check.errors).isEmpty)
            #expect(FileManager.default.contents(atPath: place.store) == harmed)

            let restored = try await place.millrace(["store", "restore", backup])
            #expect(restored.status == 0, "\(restored.errors)")
            let again = try await place.millrace(command)
            #expect(again.status == 0 && again.output == first.output, "\(again.errors)")
            #expect(try engine.starts().count == 3, "all of it came from the restored cache")
        }
    }

    @Test func `noise in place of the log is passed over`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            #expect(try await place.millrace(["transcribe", file, "--command", "cksum"]).status == 0)
            try await Fault.foldLog(place.store)
            try Data((0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                .write(to: URL(fileURLWithPath: place.store + "-wal"))
            #expect(try await place.millrace(["store", "check"]).status == 0)
            let again = try await place.millrace(["transcribe", file, "--command", "cksum"])
            #expect(again.status == 0 && again.errors.contains("cached"), "\(again.errors)")
        }
    }

    @Test func `pages that go bad in the middle of a run stop it with one line, and a backup lets it go on`()
        async throws
    {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 7, in: place))
            let file = try Recordings.bursts(12, in: place)
            let command = ["transcribe", file, "--concurrency", "2"] + Recordings.burstChunks + engine.options
            let backup = place.path("backup.db")
            let end = try await place.millrace(command) { _ in
                try await eventually("the run waits in its middle") { try engine.starts().count >= 8 }
                #expect(try await place.millrace(["store", "backup", backup]).status == 0)
                // All of it into the file itself, so that what is overwritten is what will be read.
                try await Fault.foldLog(place.store)
                try Fault.overwrite(place.store, from: 4_096)
                try EngineScript.go(in: place)
            }
            #expect(end.status == 1)
            #expect(end.errorLines.count { $0.hasPrefix("millrace: ") } == 1, "\(end.errors)")
            #expect(end.errors.contains("is damaged; millrace store check tells where, millrace store restore"))
            #expect(try await place.millrace(["store", "check"]).status == 1)
            let before = try engine.hearings().count
            let done = try await StoreContents(path: backup).count("chunk_tasks", where: "status = 'COMPLETED'")
            let restored = try await place.millrace(["store", "restore", backup])
            #expect(restored.status == 0, "\(restored.errors)")
            let again = try await place.millrace(command)
            #expect(again.status == 0, "\(again.errors)")
            #expect(try engine.hearings().count - before <= 12 - done)
            print("bad pages:\n\(end.errors)\(restored.errors)\(again.errors)")
        }
    }

    @Test func `a store that is moved away in the middle of a run stops it, and once it is back the run goes on`()
        async throws
    {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 5, in: place))
            let file = try Recordings.bursts(8, in: place)
            let command = ["transcribe", file, "--concurrency", "2"] + Recordings.burstChunks + engine.options
            let end = try await place.millrace(command) { _ in
                try await eventually("the run waits in its middle") { try engine.starts().count >= 6 }
                for suffix in ["", "-wal", "-shm"] {
                    try FileManager.default.moveItem(atPath: place.store + suffix, toPath: place.path("away" + suffix))
                }
                try EngineScript.go(in: place)
            }
            #expect(end.status == 1)
            #expect(end.errorLines.count { $0.hasPrefix("millrace: ") } == 1, "\(end.errors)")
            #expect(end.errors.contains("moved, removed or replaced"), "\(end.errors)")
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: place.path("away" + suffix))
            {
                try? FileManager.default.removeItem(atPath: place.store + suffix)
                try FileManager.default.moveItem(atPath: place.path("away" + suffix), toPath: place.store + suffix)
            }
            let again = try await place.millrace(command)
            #expect(again.status == 0, "\(again.errors)")
            #expect(try engine.hearings().count <= 8 + 2)
        }
    }
}
