import Foundation
import TestServers
import Testing

/// How a worker on another machine comes by a recording that is not uploaded: `UploadTests` and `PostgresKillTests` are
/// about those that are.
@Suite(.bounded) struct PostgresFleetTests {
    /// Begins a run, is interrupted in the middle of it, and lets a worker with a data folder of its own go on; the
    /// transcript must be as if one process had made it.
    private func goOn(_ recording: String, _ place: Workplace, _ contents: PostgresContents) async throws {
        let calm = try EngineScript(in: place, name: "calm")
        let near = try await place.run(
            Program.path,
            ["transcribe", recording, "--store", place.path("near.db"), "--format", "vtt"] + Recordings.burstChunks
                + calm.options)
        #expect(near.status == 0, "\(near.errors)")
        let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 3, in: place))
        let stopped = try await place.millrace(
            ["transcribe", recording] + Recordings.burstChunks + engine.options, environment: place.elsewhere("here")
        ) { running in
            try await eventually("some chunks run") { try engine.starts().count >= 3 }
            running.send(SIGINT)
        }
        #expect(stopped.status == 130, "\(stopped.errors)")
        try EngineScript.go(in: place)
        let end = try await place.millrace(["worker"] + engine.options, environment: place.elsewhere("far")) { worker in
            try await eventually("the transcript is done") {
                try await contents.count("transcripts", where: "status = 'COMPLETED'") == 1
            }
            let far = try engine.hearings().count { $0.parent == worker.processID }
            #expect(far >= 4)
            worker.send(SIGTERM)
        }
        #expect(end.status == 0, "\(end.errors)")
        let id = try await contents.schema.server.psql("SELECT id FROM \(contents.schema.name).transcripts")
        let export = try await place.millrace(["transcripts", "export", id, "--format", "vtt"])
        #expect(export.output == near.output)
    }

    @Test func `a worker elsewhere reads a recording in a shared folder`() async throws {
        try await Workplace.withPostgres { place, contents in
            try await goOn(Recordings.bursts(8, in: place), place, contents)
        }
    }

    @Test func `a worker elsewhere fetches a recording behind an address for itself`() async throws {
        try await Workplace.withPostgres { place, contents in
            let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Recordings.bursts(8, in: place))))
            try await HTTPTestServer.with { _ in
                HTTPTestAnswer(body: sound)
            } body: { server in
                try await goOn(server.url + "/one.wav", place, contents)
                // For the store in a file, by the run that was interrupted, by the worker.
                #expect(server.record.requests == 3)
            }
        }
    }
}
