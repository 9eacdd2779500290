import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Synchronization
import Testing

@Suite("A backup")
struct BackupTests {
    @Test("is one private file that holds all of the store, and is whole")
    func whole() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        let copy = try await place.maintenance.backup(to: place.file("copy.db"))
        #expect(copy.path == place.file("copy.db"))
        #expect(try place.otherFiles() == ["copy.db"])
        let facts = try FileManager.default.attributesOfItem(atPath: copy.path)
        #expect(facts[.posixPermissions] as? Int == 0o600)
        #expect((facts[.size] as? NSNumber)?.int64Value == copy.bytes)
        let copied = SQLiteMaintenance(path: copy.path, clock: place.clock)
        #expect(try await copied.check() == [])
        let (original, info) = (try await place.maintenance.info(), try await copied.info())
        #expect(info.jobs == original.jobs)
        #expect(info.chunks == original.chunks)
        #expect(info.transcripts == original.transcripts)
        #expect(info.cacheEntries == original.cacheEntries)
    }

    @Test("under a storm of writers is whole, each time, and is of one moment")
    func underLoad() async throws {
        let place = try MaintainedStore()
        let type = try JobType("work")
        let isOver = Flag()
        // Stores of their own, as processes have them; by one clock, or the upkeep of one would end the workers of another.
        let options = SQLiteStore.Options(busyTimeout: .seconds(60), clock: place.clock)
        let writers = try (0..<4).map { _ in try SQLiteStore(path: place.path, options: options) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, store) in writers.enumerated() {
                group.addTask {
                    let jobs = SQLiteJobQueueRepository(store)
                    let worker = WorkerID.make(at: place.clock.now())
                    try await jobs.register(worker, process: nil, leasedFor: .seconds(3_600))
                    while !isOver.isRaised {
                        // Both or none: a copy with one of the two is of no moment.
                        _ = try await jobs.enqueue([JobRequest(type), JobRequest(JobType(known: "twin"))])
                        let held = try await jobs.claim(upTo: 20, from: JobScope(types: [type]), by: worker)
                        _ = try await jobs.settle(held.map { JobSettlement($0, .completed(result: nil)) })
                        if number == 0 {
                            _ = try await place.start("storm \(UUID())")
                            try await place.transcribe()
                            try await place.merge()
                        }
                    }
                }
            }
            var sizes: [Int] = []
            for number in 0..<12 {
                let copy = try await place.maintenance.backup(to: place.file("copy-\(number).db"))
                let findings = try await SQLiteMaintenance(path: copy.path, clock: place.clock).check()
                #expect(findings == [], "backup \(number)")
                let types = ["work", "twin"]
                let counts = try await types.asyncMap {
                    try await place.number(
                        "SELECT count(*) FROM processing_jobs WHERE job_type = '\($0)'", in: copy.path)
                }
                #expect(counts[0] == counts[1], "backup \(number)")
                sizes.append(counts[0])
            }
            isOver.raise()
            try await group.waitForAll()
            #expect(sizes == sizes.sorted() && sizes[0] < sizes[11], "the writers went on: \(sizes)")
        }
    }

    @Test("replaces no file unless told to, and then only when the new one is whole")
    func replacing() async throws {
        let place = try MaintainedStore()
        let path = place.file("copy.db")
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        await #expect { try await place.maintenance.backup(to: path) } throws: {
            ($0 as? StoreError)?.code == .conflict && "\($0)".contains("copy.db exists already")
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        _ = try await place.maintenance.backup(to: path, replacing: true)
        #expect(try await SQLiteMaintenance(path: path).check() == [])
        #expect(try place.otherFiles() == ["copy.db"])
    }

    @Test("never takes the place of the store itself, of its log, or of another store in use")
    func itself() async throws {
        let place = try MaintainedStore()
        try await place.jobs.enqueue(JobRequest(JobType("work")))
        let other = try SQLiteStore(path: place.file("other.db"))
        try FileManager.default.createSymbolicLink(atPath: place.file("link.db"), withDestinationPath: place.path)
        for path in [place.path, place.path + "-wal", place.file("link.db"), other.path, place.temporary.folder.path] {
            await #expect { try await place.maintenance.backup(to: path, replacing: true) } throws: {
                ($0 as? StoreError)?.code == .invalid
            }
        }
        withExtendedLifetime(other) {}
        #expect(try await place.jobs.jobStats(queueName: .default).total == 1)
    }

    @Test("that cannot be finished leaves nothing behind, nor what a killed process left")
    func nothingLeft() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        let left = place.file("copy.db.\(UUID()).partial")
        try Data("half".utf8).write(to: URL(fileURLWithPath: left))
        let cancelled = await withTaskGroup(of: StoreError.Code?.self) { group in
            group.cancelAll()
            group.addTask {
                do throws(StoreError) {
                    _ = try await place.maintenance.backup(to: place.file("copy.db"))
                    return nil
                } catch {
                    return error.code
                }
            }
            return await group.next() ?? nil
        }
        #expect(cancelled == .cancelled)
        _ = try await place.maintenance.backup(to: place.file("copy.db"))
        #expect(try place.otherFiles() == ["copy.db"])
        await #expect { try await place.maintenance.backup(to: place.file("no/such/copy.db")) } throws: {
            ($0 as? StoreError)?.code == .unavailable && "\($0)".contains("folder")
        }
    }

    @Test("removes what a killed process left beside it, and nothing that is another's")
    func othersFiles() async throws {
        let place = try MaintainedStore()
        let left = "copy.db.\(UUID()).partial"
        let orphan = "copy.db.\(UUID()).partial"
        let ours = ["", "-wal", "-shm", "-journal"].map { left + $0 } + [orphan + "-wal", orphan + "-journal"]
        let theirs = [
            "copy.db.partial", "copy.db.1a2b.partial", "copy.db.\(UUID()).partial.bak", "copy.db.\(UUID()).partial-old",
            "copy.db.notes.\(UUID()).partial", "other.db.\(UUID()).partial",
        ]
        for name in ours + theirs { try Data("precious".utf8).write(to: URL(fileURLWithPath: place.file(name))) }
        _ = try await place.maintenance.backup(to: place.file("copy.db"))
        #expect(try place.otherFiles() == (theirs + ["copy.db"]).sorted())
    }

    @Test("of a damaged store is refused, with what to do")
    func damaged() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        _ = try await place.maintenance.backup(to: place.file("damaged.db"))
        try Damage.secondHalf(of: place.file("damaged.db"))
        let damaged = SQLiteMaintenance(path: place.file("damaged.db"))
        await #expect { try await damaged.backup(to: place.file("copy.db")) } throws: {
            ($0 as? StoreError)?.code == .corrupted && "\($0)".contains("millrace store check")
        }
        #expect(try place.otherFiles() == ["damaged.db"])
    }
}

private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    func raise() { value.store(true, ordering: .relaxed) }
    var isRaised: Bool { value.load(ordering: .relaxed) }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
