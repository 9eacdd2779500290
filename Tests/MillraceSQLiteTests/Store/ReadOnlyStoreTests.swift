import Foundation
import GRDB
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSQLite

/// A store that is only looked at is not changed by that.
@Suite("A store that is opened read-only")
struct ReadOnlyStoreTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-look-\(UUID())")
    private var path: String { folder.appendingPathComponent("m.db").path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func open() throws -> SQLiteStore {
        var options = SQLiteStore.Options()
        options.isReadOnly = true
        return try SQLiteStore(path: path, options: options)
    }

    private func code(_ body: () async throws -> Void) async -> StoreError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? StoreError)?.code
        }
    }

    /// Makes a store as an earlier version left it.
    private func makeOlder() throws {
        let pool = try DatabasePool(path: path)
        try Migrator(migrations: Array(Migration.all.dropLast())).migrate(pool, at: ManualClock.standardStart)
        try pool.close()
    }

    private func versions() async throws -> Int? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try await queue.read { db in try Int.fetchOne(db, sql: "SELECT max(version) FROM schema_migrations") }
    }

    @Test("is read while others write, and refuses every write")
    func reading() async throws {
        let writer = try SQLiteStore(path: path)
        let jobs = SQLiteJobQueueRepository(writer)
        let id = try await jobs.enqueue(JobRequest(JobType("work")))
        let looking = SQLiteJobQueueRepository(try open())
        #expect(try await looking.job(id)?.status == .queued)
        let second = try await jobs.enqueue(JobRequest(JobType("work")))
        #expect(try await looking.job(second) != nil)
        #expect(await code { try await looking.enqueue(JobRequest(JobType("work"))) } == .readOnly)
        #expect(await code { try await looking.updateJobStatus(id, to: .cancelled) } == .readOnly)
    }

    @Test("is refused when it is older, and is as old afterwards")
    func older() async throws {
        try makeOlder()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(await code { _ = try open() } == .olderVersion)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(try await versions() == Migration.all.count - 1)
    }

    @Test("is not made when there is none")
    func missing() async throws {
        #expect(await code { _ = try open() } == .notFound)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(await code { _ = try open() } == .notFound)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }

    @Test("is what a dry run of pruning looks at")
    func pruning() async throws {
        try makeOlder()
        let maintenance = SQLiteMaintenance(path: path)
        let pruning = StorePruning(olderThan: .seconds(60), isDryRun: true)
        #expect(await code { _ = try await maintenance.prune(pruning) } == .olderVersion)
        #expect(try await versions() == Migration.all.count - 1)
        // Pruning itself works on the store, and brings it up to date.
        _ = try await maintenance.prune(StorePruning(olderThan: .seconds(60)))
        #expect(try await versions() == Migration.all.count)
        #expect(try await maintenance.prune(pruning).isEmpty)
    }
}
