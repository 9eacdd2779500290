import Foundation
import Testing

/// `transcribe --upload`, and workers that do not reach the recording.
@Suite(.bounded) struct UploadTests {
    /// Leaves a recording to workers, uploaded; the id of the job.
    private func upload(_ file: String, _ engine: EngineScript, in place: Workplace) async throws -> String {
        let end = try await place.millrace(
            ["transcribe", file, "--upload", "--detach"] + Recordings.burstChunks + engine.options)
        #expect(end.status == 0, "\(end.errors)")
        return end.output.trimmingCharacters(in: .newlines)
    }

    /// Runs a worker until a job is done.
    private func work(_ engine: EngineScript, until job: String, in place: Workplace) async throws {
        try await place.millrace(["worker"] + engine.options) { worker in
            try await eventually("the job is done") { try await place.job(job).status == "COMPLETED" }
            worker.send(SIGTERM)
        }
    }

    @Test func `an uploaded recording that is gone is transcribed all the same, and no sound is left`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(8, in: place)
            let near = try await place.run(
                Program.path,
                ["transcribe", file, "--store", place.path("near.db"), "--format", "vtt"] + Recordings.burstChunks
                    + engine.options)
            #expect(near.status == 0, "\(near.errors)")
            let job = try await upload(file, engine, in: place)
            let contents = StoreContents(path: place.store)
            #expect(try await contents.count("chunk_audio") == 8)
            try FileManager.default.removeItem(atPath: file)
            try await work(engine, until: job, in: place)
            #expect(try await contents.count("chunk_audio") == 0)
            #expect(try await contents.count("chunk_tasks", where: "retry_count + crashes > 0") == 0)
            let transcript = try #require(try await place.job(job).result?.transcriptID)
            let far = try await place.millrace(["transcripts", "export", transcript, "--format", "vtt"])
            #expect(far.output == near.output)
        }
    }

    @Test func `chunks that are not uploaded are left alone by a worker that does not reach them`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(4, in: place)
            _ = try await upload(file, engine, in: place)
            let contents = StoreContents(path: place.store)
            try await contents.change(
                """
                DELETE FROM chunk_audio
                WHERE chunk_id IN (SELECT id FROM chunk_tasks WHERE chunk_index IN (0, 2))
                """)
            try FileManager.default.removeItem(atPath: file)
            let end = try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("what can be done is done") {
                    try await contents.count("chunk_tasks", where: "chunk_index IN (1, 3) AND status = 'COMPLETED'")
                        == 2
                }
                try await eventually("the others are given back") {
                    try await contents.count("chunk_tasks", where: "chunk_index IN (0, 2) AND status = 'PENDING'") == 2
                }
                worker.send(SIGTERM)
            }
            #expect(end.errors.contains("A recording cannot be read here; its chunks are left to others"))
            #expect(try await contents.count("chunk_tasks", where: "retry_count + crashes > 0") == 0)
        }
    }

    @Test func `standard input can be left to workers once it is uploaded`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let refused = try await place.millrace(["transcribe", "-", "--detach"] + engine.options)
            #expect(refused.status == 64)
            #expect(refused.errors.contains("--upload"))
            let left = try await place.millrace(
                ["transcribe", "-", "--upload", "--detach"] + Recordings.burstChunks + engine.options, reading: file)
            #expect(left.status == 0, "\(left.errors)")
            // As on a machine that has never seen it.
            try FileManager.default.removeItem(atPath: place.store + "-audio")
            try await work(engine, until: left.output.trimmingCharacters(in: .newlines), in: place)
            #expect(try engine.hearings().count == 3)
        }
    }

    @Test func `what is uploaded already is not uploaded again`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(6, in: place)
            _ = try await upload(file, engine, in: place)
            let contents = StoreContents(path: place.store)
            // As if it had been killed in the middle.
            try await contents.change("DELETE FROM chunk_audio WHERE rowid % 2 = 0")
            try await contents.change("UPDATE chunk_audio SET flac = x'00'")
            _ = try await upload(file, engine, in: place)
            #expect(try await contents.count("chunk_audio") == 6)
            #expect(try await contents.count("chunk_audio", where: "flac = x'00'") == 3)
            #expect(try await contents.count("processing_tasks") == 1)
        }
    }

    @Test func `a job that is called off takes the run along that was planned for it`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let job = try await upload(Recordings.bursts(3, in: place), engine, in: place)
            #expect(try await place.millrace(["jobs", "cancel", job]).status == 0)
            #expect(try await place.processings().map(\.status) == ["CANCELLED"])
            #expect(try await StoreContents(path: place.store).count("chunk_audio") == 0)
        }
    }
}
