import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import Testing

@Suite("A check of the store")
struct CheckTests {
    @Test("finds nothing in a store with runs in every state")
    func clean() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        #expect(try await place.maintenance.check() == [])
    }

    /// Something that is broken behind the store's back.
    struct Breakage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        let kind: StoreFinding.Kind
        let says: String
        let isMendable: Bool

        init(_ name: String, _ kind: StoreFinding.Kind, says: String, mendable: Bool, _ sql: String) {
            testDescription = name
            self.sql = sql
            self.kind = kind
            self.says = says
            isMendable = mendable
        }

        static let mendable = [
            Breakage(
                "counters of a run that goes on", .counters, says: "counters", mendable: true,
                "UPDATE processing_tasks SET completed_chunks = 1 WHERE status = 'PROCESSING'"),
            Breakage(
                "counters of a run that is done", .counters, says: "counters", mendable: true,
                "UPDATE processing_tasks SET failed_chunks = 2 WHERE status = 'COMPLETED'"),
            Breakage(
                "a run whose chunks ended and that never went on", .counters, says: "status", mendable: true,
                "UPDATE processing_tasks SET status = 'PROCESSING' WHERE status = 'MERGING'"),
            Breakage(
                "a processing without its merge", .merge, says: "a merge that nobody queued", mendable: true,
                "DELETE FROM processing_jobs WHERE job_type = 'merge' AND status = 'QUEUED'"),
            Breakage(
                "a merge that failed", .merge, says: "out of ideas", mendable: true,
                """
                UPDATE processing_jobs SET status = 'FAILED', completed_at = 1, error_message = 'out of ideas'
                WHERE job_type = 'merge' AND status = 'QUEUED'
                """),
            Breakage(
                "a transcript that nothing makes", .status, says: "by no processing", mendable: true,
                "PRAGMA foreign_keys = ON; DELETE FROM processing_tasks WHERE status = 'PENDING'"),
            Breakage(
                "a lost identity", .state, says: "identity", mendable: true,
                "DELETE FROM store_state WHERE name = 'store_id'"),
            Breakage(
                "a lost sequence", .state, says: "lags behind", mendable: true,
                "DELETE FROM store_state WHERE name = 'cache_version'"),
            Breakage(
                "a sequence from the past", .state, says: "lags behind", mendable: true,
                "UPDATE store_state SET value = '1' WHERE name = 'cache_version'"),
            Breakage(
                "a missing index", .index, says: "idx_jobs_claim is missing", mendable: true,
                "DROP INDEX idx_jobs_claim"),
            Breakage(
                "an index without an entry", .index, says: "idx_transcripts_hash", mendable: true,
                """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_master SET sql = replace(sql, '(content_hash, id)', '(content_hash, id) WHERE id = 0')
                WHERE name = 'idx_transcripts_hash';
                PRAGMA writable_schema = RESET;
                REINDEX idx_transcripts_hash;
                PRAGMA writable_schema = ON;
                UPDATE sqlite_master SET sql = replace(sql, '(content_hash, id) WHERE id = 0', '(content_hash, id)')
                WHERE name = 'idx_transcripts_hash';
                PRAGMA writable_schema = RESET
                """),
            Breakage(
                "a missing trigger", .index, says: "trigger job_added is missing", mendable: true,
                "DROP TRIGGER job_added"),
            Breakage(
                "counts of a queue", .counters, says: "queue default does not count its jobs", mendable: true,
                "UPDATE job_counts SET jobs = jobs + 1 WHERE job_type = 'work'"),
            Breakage(
                "counts of jobs that are not", .counters, says: "queue other does not count its jobs", mendable: true,
                "INSERT INTO job_counts VALUES ('other', 'QUEUED', 'work', 3)"),
            Breakage(
                "jobs that are not counted", .counters, says: "queue default does not count its jobs", mendable: true,
                "DELETE FROM job_counts"),
        ]

        static let hopeless = [
            Breakage(
                "chunks without a parent", .orphan, says: "has 3 chunks", mendable: false,
                "DELETE FROM processing_tasks WHERE status = 'PARTIAL'"),
            Breakage(
                "a sample whose tags are no JSON", .value, says: "sample 1 holds what cannot be read", mendable: false,
                "INSERT INTO metrics VALUES (1, 'depth', 1.0, '{', 0)"),
            Breakage(
                "a collector whose definitions are no JSON", .value, says: "holds what cannot be read", mendable: false,
                "INSERT INTO metric_collectors VALUES ('a', '[', 0)"),
            Breakage(
                "a processing without a transcript", .orphan, says: "writes transcript", mendable: false,
                "DELETE FROM transcripts WHERE status = 'PARTIAL'"),
            Breakage(
                "a job without a transcript", .orphan, says: "is for transcript", mendable: false,
                "UPDATE processing_jobs SET transcript_id = 'gone' WHERE job_type = 'work'"),
            Breakage(
                "a plan without its last chunk", .plan, says: "has 2 of the 3 chunks", mendable: false,
                "DELETE FROM chunk_tasks WHERE status = 'PENDING' AND chunk_index = 2"),
            Breakage(
                "a transcript that is done while its run goes on", .status, says: "is COMPLETED, but", mendable: false,
                """
                UPDATE transcripts SET status = 'COMPLETED'
                WHERE id IN (SELECT transcript_id FROM processing_tasks WHERE status = 'PENDING')
                """),
            Breakage(
                "a run that is done before its chunks", .status, says: "of its chunks are not", mendable: false,
                "UPDATE processing_tasks SET status = 'FAILED' WHERE status = 'PENDING'"),
            Breakage(
                "a payload that is no JSON", .value, says: "cannot be read", mendable: false,
                "UPDATE processing_jobs SET payload = '{' WHERE job_type = 'work'"),
            Breakage(
                "a missing table", .damage, says: "table caches is missing", mendable: false, "DROP TABLE caches"),
        ]
    }

    @Test("names what is broken and follows from what is stored, and mends it", arguments: Breakage.mendable)
    func mends(breakage: Breakage) async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        try await place.tamper(breakage.sql)
        let found = try await place.maintenance.check()
        let finding = try #require(found.first { $0.kind == breakage.kind })
        #expect(finding.description.contains(breakage.says), "\(found)")
        #expect(finding.remedy == .mendable)
        #expect(try await place.maintenance.check() == found, "looking changes nothing")

        let mended = try await place.maintenance.check(repair: true)
        #expect(mended.filter { $0.kind == breakage.kind }.allSatisfy { $0.remedy == .mended }, "\(mended)")
        #expect(try await !place.maintenance.check().contains { $0.kind == breakage.kind })
    }

    @Test("names what nothing stored can mend, with what to do, and leaves it", arguments: Breakage.hopeless)
    func names(breakage: Breakage) async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        try await place.tamper(breakage.sql)
        let found = try await place.maintenance.check()
        let finding = try #require(found.first { $0.kind == breakage.kind }, "\(found)")
        #expect(finding.description.contains(breakage.says), "\(found)")
        #expect(finding.remedy == .none)
        #expect(finding.message.contains("restore a backup"))
        #expect(try await place.maintenance.check(repair: true).contains(finding))
        #expect(try await place.maintenance.check().contains(finding))
    }

    @Test("a run is merged after its merge was lost and mended")
    func mergesAfterwards() async throws {
        let place = try MaintainedStore()
        let runs = try await place.fill()
        let run = try #require(runs["merging"])
        try await place.tamper("DELETE FROM processing_jobs WHERE job_type = 'merge'")
        _ = try await place.maintenance.check(repair: true)
        try await place.merge()
        #expect(try await place.processings.row(run.id)?.status == .completed)
        #expect(try await place.transcripts.load(run.transcriptID)?.status == .completed)
    }

    @Test("mends the rest of a store in which a row cannot be read")
    func mendsTheRest() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        try await place.tamper(
            """
            DELETE FROM processing_jobs WHERE job_type = 'merge';
            UPDATE processing_tasks SET id = 'unreadable' WHERE status = 'MERGING';
            DELETE FROM processing_tasks WHERE status = 'PENDING'
            """)
        let mended = try await place.maintenance.check(repair: true)
        #expect(mended.contains { $0.kind == .value && $0.remedy == .none }, "\(mended)")
        #expect(mended.contains { $0.message.contains("by no processing") && $0.remedy == .mended }, "\(mended)")
    }

    @Test("names a damaged page, and mends nothing in such a file")
    func damagedPage() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        let copy = place.file("copy.db")
        _ = try await place.maintenance.backup(to: copy)
        try Damage.secondHalf(of: copy)
        let maintenance = SQLiteMaintenance(path: copy, clock: place.clock)
        let found = try await maintenance.check()
        #expect(found.contains { $0.kind == .damage })
        let before = try Data(contentsOf: URL(fileURLWithPath: copy))
        #expect(try await maintenance.check(repair: true).allSatisfy { $0.remedy == .none })
        #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == before)
    }

    @Test("refuses what is no store, and makes none where there is none")
    func noStore() async throws {
        let place = try MaintainedStore()
        let missing = SQLiteMaintenance(path: place.file("missing.db"))
        await #expect(throws: StoreError.self) { try await missing.check() }
        await #expect(throws: StoreError.self) { try await missing.check(repair: true) }
        await #expect(throws: StoreError.self) { try await missing.prune(StorePruning(olderThan: .zero)) }
        await #expect { try await missing.info() } throws: { ($0 as? StoreError)?.code == .notFound }
        #expect(try place.otherFiles().isEmpty)
        try Data("no database".utf8).write(to: URL(fileURLWithPath: place.file("text")))
        await #expect { try await SQLiteMaintenance(path: place.file("text")).check() } throws: {
            ($0 as? StoreError)?.code == .corrupted
        }
    }
}
