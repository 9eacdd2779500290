import Foundation
import GRDB
import Testing

@Suite(.bounded) struct LockedStoreTests {
    /// Keeps the store locked as another program would, until it is told not to.
    private func lock(_ store: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        // It may be writing just now.
        configuration.busyMode = .timeout(60)
        let queue = try DatabaseQueue(path: store, configuration: configuration)
        try queue.inDatabase { db in try db.execute(sql: "BEGIN EXCLUSIVE") }
        return queue
    }

    @Test func `a store that another program keeps locked is waited for, with a line, and then one clear error`()
        async throws
    {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            let engine = try EngineScript(in: place)
            #expect(try await place.millrace(["transcripts", "list"]).status == 0)
            let queue = try lock(place.store)
            let end = try await place.millrace(["transcribe", file] + engine.options)
            #expect(end.status == 1)
            #expect(end.errorLines.count == 2, "\(end.errors)")
            #expect(end.errorLines[0].contains("Another program has locked the store; waiting for it"))
            #expect(end.errorLines[1].contains("another program has locked the store \(place.store); try again"))
            #expect(try engine.starts().isEmpty)
            try await queue.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
            let again = try await place.millrace(["transcribe", file] + engine.options)
            #expect(again.status == 0, "\(again.errors)")
            print("locked:\n\(end.errors)")
        }
    }

    @Test func `a store that is locked for a while in the middle of a run is waited for, and nothing is lost`()
        async throws
    {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 5, in: place))
            let file = try Recordings.bursts(10, in: place)
            let command = ["transcribe", file, "--concurrency", "2", "--format", "json"] + Recordings.burstChunks
            let end = try await place.millrace(command + engine.options) { running in
                try await eventually("the run is in its middle") { try engine.starts().count >= 6 }
                let queue = try lock(place.store)
                try EngineScript.go(in: place)
                try await eventually("it says that it waits") { try running.errors().contains("waiting for it") }
                try await eventually("it says that it goes on trying") {
                    try running.errors().contains("The store refuses work")
                }
                try await queue.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
            }
            #expect(end.status == 0, "\(end.errors)")
            #expect(try end.transcripts()[0].chunks.completed == 10)
            #expect(try engine.hearings().count <= 10 + 2)
        }
    }
}
