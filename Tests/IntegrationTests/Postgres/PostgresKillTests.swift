import Foundation
import MillraceTesting
import Synchronization
import Testing

/// Three workers on one database, killed and started again at random moments.
@Suite(.bounded) struct PostgresKillTests {
    private static let kills = 20
    private static let concurrency = 2
    /// Chunks that may be done from one kill to the next.
    private static let permits = 4

    @Test func `kill -9 of three workers at twenty moments costs no work, one of them hearing only what is uploaded`()
        async throws
    {
        try await Workplace.withPostgres { place, contents in
            var generator = TestSeed.generator()
            let calm = try EngineScript(in: place, name: "calm")
            // A run of the engine takes 1.2 to 1.9 s, by the chunk.
            let permits = try EngineScript.waitingForPermit(in: place)
            let engine = try EngineScript(in: place, before: "sleep 1.$(( $1 % 8 + 2 ))\n\(permits)")
            let file = try Recordings.repeatedExample(8, in: place)
            let options = ["--chunk-seconds", "6"]
            let undisturbed = try await place.run(
                "sh",
                [
                    "-c", "exec \"$0\" \"$@\" < '\(file)'", Program.path, "transcribe", "-", "--store",
                    place.path("calm.db"), "--format", "vtt", "--concurrency", "8",
                ] + options + calm.options)
            #expect(undisturbed.status == 0, "\(undisturbed.errors)")
            let checksums = try calm.hearings().map(\.checksum)
            // So that the job is not done before the last kill.
            try #require(checksums.count > Self.permits * Self.kills)
            #expect(Set(checksums).count == checksums.count)

            // What comes by standard input lies decoded in the data folder of its user, and nowhere else.
            let left = try await place.millrace(
                ["transcribe", "-", "--upload", "--detach"] + options + engine.options, reading: file)
            #expect(left.status == 0, "\(left.errors)")
            let job = left.output.trimmingCharacters(in: .newlines)
            #expect(try await contents.count("chunk_tasks", where: "audio IS NOT NULL") == checksums.count)

            let victims = (0..<Self.kills).map { _ in
                (worker: Int.random(in: 0..<3, using: &generator), delay: Double.random(in: 0...0.5, using: &generator))
            }
            let storm = Storm(place: place, engine: engine, concurrency: Self.concurrency)
            let held = try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<3 { group.addTask { try await storm.keepRunning(number) } }
                var held: [Int] = []
                for victim in victims {
                    let process = try await storm.running(victim.worker)
                    try EngineScript.permit(Self.permits, in: place)
                    try await eventually("its engine runs") { try engine.starts().contains { $0.parent == process } }
                    try await Task.sleep(for: .seconds(victim.delay))
                    held.append(try await contents.count("chunk_tasks", where: "status = 'PROCESSING'"))
                    storm.strike(victim.worker, process)
                }
                try EngineScript.go(in: place)
                try await eventually(within: .seconds(600), "the job is done") {
                    try await place.job(job).status == "COMPLETED"
                }
                storm.end()
                try await group.waitForAll()
                return held
            }
            let hearings = try engine.hearings()
            let far = hearings.count { storm.processes(of: 2).contains($0.parent) }
            print(
                "kills=\(held.count) held=\(held) chunks=\(checksums.count) heard=\(hearings.count) by the far=\(far)")
            #expect(held.count { $0 > 0 } >= 15)
            #expect(far > 0)
            #expect(hearings.count <= checksums.count + Self.concurrency * Self.kills)
            #expect(Set(hearings.map(\.checksum)) == Set(checksums))
            let transcript = try #require(try await place.job(job).result?.transcriptID)
            let export = try await place.millrace(["transcripts", "export", transcript, "--format", "vtt"])
            #expect(export.output == undisturbed.output)
            #expect(try await contents.count("chunk_tasks", where: "audio IS NOT NULL OR status <> 'COMPLETED'") == 0)
            #expect(try await contents.count("processing_jobs", where: "job_type = 'merge'") == 1)
            #expect(try await contents.count("transcripts") == 1)
        }
    }

    /// Workers that are started again whenever they are killed. The last is as on another machine.
    private final class Storm: Sendable {
        private struct State {
            var running: [Int: pid_t] = [:]
            var all: [Int: Set<pid_t>] = [:]
            var hasEnded = false
        }

        private let place: Workplace
        private let engine: EngineScript
        private let concurrency: Int
        private let state = Mutex(State())

        init(place: Workplace, engine: EngineScript, concurrency: Int) {
            self.place = place
            self.engine = engine
            self.concurrency = concurrency
        }

        func keepRunning(_ number: Int) async throws {
            while !state.withLock({ $0.hasEnded }) {
                let end = try await place.millrace(
                    ["worker", "--concurrency", "\(concurrency)"] + engine.options,
                    environment: number == 2 ? place.elsewhere("far") : [:]
                ) { running in
                    let hasEnded = state.withLock { state in
                        state.running[number] = running.processID
                        state.all[number, default: []].insert(running.processID)
                        return state.hasEnded
                    }
                    if hasEnded { running.send(SIGTERM) }
                }
                guard end.status == -SIGKILL || end.status == 0 || end.status == -SIGTERM else {
                    throw OutOfPatience(description: "worker \(number) ended: \(end.errors)")
                }
            }
        }

        /// The process of a worker, as soon as it runs.
        func running(_ number: Int) async throws -> pid_t {
            try await eventually("worker \(number) runs") { state.withLock { $0.running[number] != nil } }
            return state.withLock { $0.running[number] ?? 0 }
        }

        func strike(_ number: Int, _ process: pid_t) {
            state.withLock { $0.running[number] = nil }
            _ = kill(process, SIGKILL)
        }

        func end() {
            let running = state.withLock { state in
                state.hasEnded = true
                return state.running.values
            }
            for process in running { _ = kill(process, SIGTERM) }
        }

        func processes(of number: Int) -> Set<pid_t> {
            state.withLock { $0.all[number] ?? [] }
        }
    }
}
