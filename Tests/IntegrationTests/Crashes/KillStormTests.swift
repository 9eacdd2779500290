import Foundation
import MillraceTesting
import Synchronization
import Testing

@Suite(.bounded) struct KillStormTests {
    private static let kills = 20
    private static let concurrency = 4
    /// Chunks that may be done from one kill to the next.
    private static let permits = 3

    @Test func `kill -9 at twenty random moments neither loses nor repeats work`() async throws {
        try await Workplace.with { place in
            var generator = TestSeed.generator()
            // A run of the engine takes 0.2 to 0.9 s, by the chunk.
            let delay = "sleep 0.$(( $1 % 8 + 2 ))"
            let calm = try EngineScript(in: place, name: "calm", before: delay)
            let permits = try EngineScript.waitingForPermit(in: place)
            let engine = try EngineScript(in: place, before: "\(delay)\n\(permits)")
            let file = try Recordings.repeatedExample(5, in: place)
            let options = ["--chunk-seconds", "6", "--concurrency", "\(Self.concurrency)", "--format", "vtt"]

            let undisturbed = try await place.run(
                Program.path,
                ["transcribe", file, "--store", place.path("calm.db")] + options + calm.options)
            #expect(undisturbed.status == 0, "\(undisturbed.errors)")
            let checksums = try calm.hearings().map(\.checksum)
            print("kill storm: chunks=\(checksums.count) distinct=\(Set(checksums).count)")
            // So that no run is over before it is killed.
            try #require(checksums.count > Self.permits * Self.kills)
            #expect(Set(checksums).count == checksums.count)

            // Three of the moments lie anywhere in the beginning, the others while the engine runs.
            let moments = ([true, true, true] + Array(repeating: false, count: Self.kills - 3))
                .map { (isEarly: $0, delay: Double.random(in: 0...0.7, using: &generator)) }
                .shuffled(using: &generator)
            let contents = StoreContents(path: place.store)
            var held: [Int] = []
            var endsAtDeath: [pid_t: Int] = [:]
            for moment in moments {
                let before = try engine.starts().count
                let start = Date()
                try EngineScript.permit(Self.permits, in: place)
                let processID = Mutex<pid_t>(0)
                let end = try await place.millrace(["transcribe", file] + options + engine.options) { running in
                    processID.withLock { $0 = running.processID }
                    if !moment.isEarly {
                        try await eventually("the engine runs") { try engine.starts().count > before }
                    }
                    try await Task.sleep(for: .seconds(moment.delay))
                    running.send(SIGKILL)
                }
                try #require(end.status == -SIGKILL, "the run was over before it was killed: \(end.errors)")
                let killed = processID.withLock { $0 }
                endsAtDeath[killed] = try engine.ends()[killed, default: 0]
                held.append(try await contents.held(since: start))
            }
            try EngineScript.go(in: place)
            let last = try await place.millrace(["transcribe", file] + options + engine.options)
            #expect(last.status == 0, "\(last.errors)")
            #expect(last.output == undisturbed.output)
            // An engine that outlived its millrace would have come to its end by now.
            let ends = try engine.ends()
            for (killed, count) in endsAtDeath { #expect(ends[killed, default: 0] == count) }
            try await eventually("no engine is left") { try engine.survivors().isEmpty }
            let starts = try engine.starts().count
            let most = checksums.count + Self.concurrency * Self.kills
            print("kill storm: kills=\(held.count) held=\(held) engine starts=\(starts) (at most \(most))")
            #expect(held.count { $0 > 0 } >= 15)
            #expect(starts <= most)
            #expect(Set(try engine.hearings().map(\.checksum)) == Set(checksums))
            #expect(try await contents.count("transcripts") == 1)
            #expect(try await contents.count("chunk_tasks") == checksums.count)
            #expect(try await contents.count("processing_jobs") == 1)
        }
    }

    @Test func `a killed worker's chunks are taken up by who is left`() async throws {
        try await Workplace.with { place in
            // Or one of the two might do all before the other has any.
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(12, in: place)
            let running = try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("the worker is there") { try worker.errors().contains("Working on") }
                let end = try await place.millrace(
                    ["transcribe", file, "--concurrency", "1", "--format", "json"] + Recordings.burstChunks
                        + engine.options
                ) { _ in
                    try await eventually("the worker holds chunks") {
                        try engine.starts().contains { $0.parent == worker.processID }
                    }
                    worker.send(SIGKILL)
                    try EngineScript.go(in: place)
                }
                #expect(end.status == 0, "\(end.errors)")
                #expect(try end.transcripts().first?.chunks.completed == 12)
            }
            #expect(running.status == -SIGKILL)
            #expect(try engine.starts().count <= 12 + 4)
        }
    }

    @Test func `no PocketSphinx outlives a killed program`() async throws {
        try await Workplace.with { place in
            let children = Mutex<Set<pid_t>>([])
            let command = ["transcribe", Recordings.example, "--chunk-seconds", "6", "--concurrency", "4"]
            let end = try await place.millrace(command) { running in
                try await eventually("four engines run") {
                    // Not what is about to become one.
                    let engines = running.children().filter {
                        $0.value.contains("pocketsphinx") && !$0.value.contains("setpriv")
                    }
                    children.withLock { $0.formUnion(engines.keys) }
                    // None comes to its end before all are there.
                    for engine in engines.keys { kill(engine, SIGSTOP) }
                    return engines.count == 4
                }
                running.send(SIGKILL)
            }
            #expect(end.status == -SIGKILL)
            try await eventually("the engines end") {
                children.withLock { $0.allSatisfy { Running(processID: $0, errorsPath: "").hasEnded } }
            }
        }
    }
}
