import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import Synchronization
import Testing

@Suite("The file below a store")
struct StoreFileTests {
    @Test("stays locked against other processes when this one opens it again")
    func locked() async throws {
        let temporary = try TemporaryStore()
        try await SQLiteJobQueueRepository(temporary.store).enqueue(JobRequest(JobType("work")))
        try #require(try isLocked(temporary.store.path))
        for _ in 0..<2 {
            let second = try SQLiteStore(path: temporary.store.path)
            withExtendedLifetime(second) {}
            #expect(try isLocked(temporary.store.path))
        }
        withExtendedLifetime(temporary) {}
    }

    /// Whether the kernel lists a lock of this process on the bytes that SQLite's readers lock.
    ///
    /// Read several times, because the list is not of one moment: while others change it, an entry may be skipped.
    private func isLocked(_ path: String) throws -> Bool {
        let number = try #require(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
        for _ in 0..<200 {
            let lines = try locks()
            let isListed = lines.contains { line in
                let fields = line.split(separator: " ")
                return fields.contains("READ") && fields.contains("\(getpid())") && fields.contains("1073741826")
                    && fields.contains { $0.hasSuffix(":\(number)") }
            }
            if isListed { return true }
        }
        return false
    }

    /// Read to its end piece by piece, because the kernel tells no size and hands out a page at most.
    private func locks() throws -> [Substring] {
        let file = try #require(fopen("/proc/locks", "r"))
        defer { fclose(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { text += piece[..<count] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }

    @Test("that is missing or empty beside its log is refused, and the log is left")
    func logWithoutFile() throws {
        let temporary = try TemporaryStore()
        let path = temporary.folder.appendingPathComponent("other.db").path
        let log = Data(repeating: 7, count: 100)
        try log.write(to: URL(fileURLWithPath: path + "-wal"))
        for isEmpty in [false, true] {
            if isEmpty { try Data().write(to: URL(fileURLWithPath: path)) }
            #expect { try SQLiteStore(path: path) } throws: {
                ($0 as? StoreError)?.code == .corrupted && "\($0)".contains("millrace store restore")
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")) == log)
            #expect(FileManager.default.fileExists(atPath: path) == isEmpty)
        }
    }

    @Test("that is missing beside its log is refused also when it is named by links")
    func logBehindLink() throws {
        let temporary = try TemporaryStore()
        let folder = temporary.folder
        let path = folder.appendingPathComponent("deep/other.db").path
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("deep/er"), withIntermediateDirectories: true)
        let log = Data(repeating: 7, count: 100)
        try log.write(to: URL(fileURLWithPath: path + "-wal"))
        let links = [
            ("absolute.db", path), ("relative.db", "deep/other.db"), ("twice.db", "relative.db"), ("folder", "deep/er"),
            ("deep/er/up.db", "../other.db"),
        ]
        for (name, destination) in links {
            try FileManager.default.createSymbolicLink(
                atPath: folder.appendingPathComponent(name).path, withDestinationPath: destination)
        }
        for name in ["absolute.db", "relative.db", "twice.db", "deep/er/up.db", "folder/up.db"] {
            #expect { try SQLiteStore(path: folder.appendingPathComponent(name).path) } throws: {
                ($0 as? StoreError)?.code == .corrupted && "\($0)".contains("its log \(path)-wal is there")
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")) == log)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("that is named by a link to itself is an error, not a store")
    func linkToItself() throws {
        let temporary = try TemporaryStore()
        let path = temporary.folder.appendingPathComponent("loop.db").path
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "loop.db")
        #expect { try SQLiteStore(path: path) } throws: { ($0 as? StoreError)?.message.contains(path) == true }
    }

    @Test("that was moved away, removed or replaced takes nothing that would be lost", arguments: [false, true])
    func moved(isReplaced: Bool) async throws {
        let temporary = try TemporaryStore()
        let jobs = SQLiteJobQueueRepository(temporary.store)
        try await jobs.enqueue(JobRequest(JobType("work")))
        let away = temporary.folder.appendingPathComponent("away.db").path
        try FileManager.default.moveItem(atPath: temporary.store.path, toPath: away)
        if isReplaced { try Data().write(to: URL(fileURLWithPath: temporary.store.path)) }
        await #expect { try await jobs.enqueue(JobRequest(JobType("work"))) } throws: {
            ($0 as? StoreError)?.needsMending == true && "\($0)".contains(temporary.store.path)
        }
        try? FileManager.default.removeItem(atPath: temporary.store.path)
        try FileManager.default.moveItem(atPath: away, toPath: temporary.store.path)
        try await jobs.enqueue(JobRequest(JobType("work")))
        #expect(try await jobs.jobStats(queueName: .default).total == 2)
    }

    @Test("that another keeps locked is waited for, told of once, and then an error that may pass")
    func busy() async throws {
        let temporary = try TemporaryStore()
        let told = Told()
        let store = try SQLiteStore(
            path: temporary.store.path,
            options: SQLiteStore.Options(busyTimeout: .milliseconds(1_200), onWait: { told.add() }))
        let jobs = SQLiteJobQueueRepository(store)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: temporary.store.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        for _ in 0..<2 {
            await #expect { try await jobs.enqueue(JobRequest(JobType("work"))) } throws: {
                ($0 as? StoreError)?.isRetryable == true && "\($0)".contains("another program has locked the store /")
            }
        }
        #expect(told.count == 1)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await jobs.enqueue(JobRequest(JobType("work")))
        #expect(try await jobs.jobStats(queueName: .default).total == 1)
    }

    private final class Told: Sendable {
        private let total = Atomic<Int>(0)

        func add() { total.add(1, ordering: .relaxed) }
        var count: Int { total.load(ordering: .relaxed) }
    }
}
