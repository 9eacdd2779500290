import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

@Suite("A restored store")
struct RestoreTests {
    /// A store that nobody has open, with a backup of it from before it went on.
    private func closed() async throws -> (place: MaintainedStore, path: String, backup: String) {
        let place = try MaintainedStore()
        _ = try await place.fill()
        let backup = place.file("backup.db")
        _ = try await place.maintenance.backup(to: backup)
        try await place.jobs.enqueue(JobRequest(JobType("later")))
        let path = place.file("store/m.db")
        try FileManager.default.createDirectory(atPath: place.file("store"), withIntermediateDirectories: false)
        _ = try await place.maintenance.backup(to: path)
        // The leases in it end.
        place.clock.advance(by: .seconds(11))
        return (place, path, backup)
    }

    @Test("is as the backup was, whole, and the former one is kept beside it")
    func restores() async throws {
        let (place, path, backup) = try await closed()
        let maintenance = SQLiteMaintenance(path: path, clock: place.clock)
        let before = try await maintenance.info()
        let copy = try await maintenance.restore(from: backup)
        let after = try await maintenance.info()
        #expect(after.jobCount == before.jobCount - 1)
        #expect(after.chunks == before.chunks)
        #expect(try await maintenance.check() == [])
        let former = try #require(copy.formerFile)
        #expect(FileManager.default.fileExists(atPath: backup))
        #expect(try await SQLiteMaintenance(path: former, clock: place.clock).info().jobs == before.jobs)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("has an identity of its own, for what others remember of the old one is not of this state")
    func identity() async throws {
        let (place, path, backup) = try await closed()
        let maintenance = SQLiteMaintenance(path: path, clock: place.clock)
        let before = try await maintenance.info().storeID
        var seen: Set<String> = [before]
        for _ in 0..<2 {
            _ = try await maintenance.restore(from: backup)
            place.clock.advance(by: .seconds(1))
            seen.insert(try await maintenance.info().storeID)
        }
        #expect(seen.count == 3)
    }

    @Test("goes on where the backup was: what was held is taken up at once, and every run ends")
    func goesOn() async throws {
        let place = try MaintainedStore()
        let run = try await place.start("long", chunks: 6)
        try await place.transcribe(2)
        let held = try await place.processings.claim(
            upTo: 2, from: ChunkScope(engines: [MaintainedStore.engine]), by: place.worker())
        #expect(held.count == 2)
        _ = try await place.maintenance.backup(to: place.file("backup.db"))

        let path = place.file("elsewhere.db")
        _ = try await SQLiteMaintenance(path: path, clock: place.clock).restore(from: place.file("backup.db"))
        let store = try SQLiteStore(path: path, options: SQLiteStore.Options(clock: place.clock))
        let (jobs, processings) = (SQLiteJobQueueRepository(store), SQLiteProcessingRepository(store))
        #expect(try await jobs.workers().isEmpty, "workers of the backup are none of this store")
        #expect(Set(try await processings.rescue()) == Set(held.map(\.task.id)))
        let worker = WorkerID.make(at: place.clock.now())
        try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
        let rest = try await processings.claim(
            upTo: 10, from: ChunkScope(engines: [MaintainedStore.engine]), by: worker)
        #expect(rest.map(\.task.index) == [2, 3, 4, 5])
        let result = ChunkResult(segments: [])
        let receipt = try await processings.settle(
            rest.map { ChunkSettlement($0.task, .completed(result, isFromCache: false)) })
        #expect(receipt.merging == [run.id])
    }

    @Test("is not made while anybody has the store open, and nothing changes then")
    func inUse() async throws {
        let (place, path, backup) = try await closed()
        let store = try SQLiteStore(path: path, options: SQLiteStore.Options(clock: place.clock))
        let maintenance = SQLiteMaintenance(path: path, clock: place.clock)
        await #expect { try await maintenance.restore(from: backup) } throws: {
            ($0 as? StoreError)?.code == .busy && "\($0)".contains("has the store \(path) open")
        }
        try await SQLiteJobQueueRepository(store).enqueue(JobRequest(JobType("work")))
        let names = try FileManager.default.contentsOfDirectory(atPath: place.file("store"))
        #expect(Set(names) == ["m.db", "m.db-wal", "m.db-shm"])
    }

    @Test("is not made while a lease holds, even of a process that is gone")
    func leased() async throws {
        let (place, path, backup) = try await closed()
        do {
            let store = try SQLiteStore(path: path, options: SQLiteStore.Options(clock: place.clock))
            try await SQLiteJobQueueRepository(store).register(
                .make(at: place.clock.now()), process: nil, leasedFor: .seconds(10))
        }
        place.clock.advance(by: .seconds(4))
        let maintenance = SQLiteMaintenance(path: path, clock: place.clock)
        await #expect { try await maintenance.restore(from: backup) } throws: {
            ($0 as? StoreError)?.code == .busy && "\($0)".contains("6 s")
        }
        place.clock.advance(by: .seconds(7))
        _ = try await maintenance.restore(from: backup)
    }

    /// A file that is no good as a backup.
    enum BadBackup: String, CaseIterable, Sendable {
        case missing, text, empty, foreign, damaged, truncated, newer, itself

        var code: StoreError.Code {
            switch self {
            case .missing: .notFound
            case .newer: .newerVersion
            case .itself: .invalid
            default: .corrupted
            }
        }
    }

    @Test("is not made from a file that is no whole backup", arguments: BadBackup.allCases)
    func badBackups(bad: BadBackup) async throws {
        let (place, path, backup) = try await closed()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        var source = backup
        switch bad {
        case .missing: source = place.file("no.db")
        case .text: try Data(String(repeating: "text ", count: 900).utf8).write(to: URL(fileURLWithPath: backup))
        case .empty: try Data().write(to: URL(fileURLWithPath: backup))
        case .foreign:
            source = place.file("foreign.db")
            try await DatabaseQueue(path: source).write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        case .damaged: try Damage.secondHalf(of: backup)
        case .truncated: try Damage.truncate(backup, to: 40_960)
        case .newer:
            try await DatabaseQueue(path: backup).write {
                try $0.execute(sql: "INSERT INTO schema_migrations VALUES (9999, 'from the future', 0)")
            }
        case .itself: source = path
        }
        await #expect { try await SQLiteMaintenance(path: path, clock: place.clock).restore(from: source) } throws: {
            ($0 as? StoreError)?.code == bad.code && (bad == .itself || "\($0)".contains(source))
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.file("store")) == ["m.db"])
    }

    @Test("takes the place of one that is damaged, cut off, or missing but for its log")
    func afterDamage() async throws {
        for damage in ["noise", "cut", "text", "gone"] {
            let (place, path, backup) = try await closed()
            switch damage {
            case "noise": try Damage.secondHalf(of: path)
            case "cut": try Damage.truncate(path, to: 8_192)
            case "text": try Data(String(repeating: "text ", count: 900).utf8).write(to: URL(fileURLWithPath: path))
            default: try FileManager.default.removeItem(atPath: path)
            }
            // The log of another state must not be taken for the restored file's.
            try FileManager.default.copyItem(atPath: place.path + "-wal", toPath: path + "-wal")
            let maintenance = SQLiteMaintenance(path: path, clock: place.clock)
            let copy = try await maintenance.restore(from: backup)
            #expect((copy.formerFile == nil) == (damage == "gone"))
            #expect(try await maintenance.check() == [], "\(damage)")
            let store = try SQLiteStore(path: path, options: SQLiteStore.Options(clock: place.clock))
            #expect(try await SQLiteJobQueueRepository(store).jobStats(queueName: .default).total > 0)
        }
    }

    @Test("is the file behind a link, and the link stays")
    func link() async throws {
        let (place, path, backup) = try await closed()
        let link = place.file("link.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "store/m.db")
        let before = try await SQLiteMaintenance(path: path, clock: place.clock).info()
        let copy = try await SQLiteMaintenance(path: link, clock: place.clock).restore(from: backup)
        #expect(copy.path == path && copy.formerFile?.hasPrefix(path) == true)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "store/m.db")
        for name in [path, link] {
            let after = try await SQLiteMaintenance(path: name, clock: place.clock).info()
            #expect(after.jobCount == before.jobCount - 1)
        }
        #expect(try place.otherFiles() == ["backup.db", "link.db", "store"])
    }

    @Test("never takes the place of another program's file")
    func foreign() async throws {
        let (place, _, backup) = try await closed()
        let path = place.file("foreign.db")
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        await #expect { try await SQLiteMaintenance(path: path).restore(from: backup) } throws: {
            ($0 as? StoreError)?.code == .corrupted && "\($0)".contains("another program")
        }
    }

    @Test("takes up whoever opens the store meanwhile, and nobody works on the former one")
    func openedMeanwhile() async throws {
        let (place, path, backup) = try await closed()
        let maintenance = SQLiteMaintenance(path: path, clock: place.clock)
        let clock = place.clock
        let type = try JobType("meanwhile")
        let enqueued = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var count = 0
                    for _ in 0..<10 {
                        guard let store = try? SQLiteStore(path: path, options: SQLiteStore.Options(clock: clock))
                        else { continue }
                        if (try? await SQLiteJobQueueRepository(store).enqueue(JobRequest(type))) != nil { count += 1 }
                    }
                    return count
                }
            }
            group.addTask {
                for _ in 0..<200 {
                    do {
                        _ = try await maintenance.restore(from: backup)
                        return 0
                    } catch let error as StoreError where error.code == .busy {
                        continue
                    }
                }
                return 0
            }
            return try await group.reduce(0, +)
        }
        // Every job is in the restored store or in a former one, and none in a file without a name.
        var found = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: place.file("store"))
        where name == "m.db" || name.contains("replaced") && !name.hasSuffix("-wal") && !name.hasSuffix("-shm") {
            found += try await place.number(
                "SELECT count(*) FROM processing_jobs WHERE job_type = 'meanwhile'", in: place.file("store/\(name)"))
        }
        #expect(found == enqueued)
    }
}
