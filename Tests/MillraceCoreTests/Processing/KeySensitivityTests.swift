import Foundation
import MillraceCore
import Testing

/// What decides a result must change the key, and nothing else may.
@Suite struct KeySensitivityTests {
    private static let base = Recipe(engine: .test, language: "en", prompt: "p", options: ["a": "b"])

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let recipe: Recipe

        init(_ name: String, _ change: (inout Recipe) throws -> Void) rethrows {
            testDescription = name
            var recipe = KeySensitivityTests.base
            try change(&recipe)
            self.recipe = recipe
        }
    }

    /// Changes of what an engine is asked to do.
    private static func engineChanges() throws -> [Change] {
        [
            try Change("engine kind") { $0.engine = try EngineIdentity(kind: "other") },
            try Change("model") { $0.engine = try EngineIdentity(kind: "test", model: "m") },
            try Change("fingerprint") {
                $0.engine = try EngineIdentity(kind: "test", fingerprint: ContentHash(of: Data()))
            },
            try Change("model like a fingerprint") {
                $0.engine = try EngineIdentity(kind: "test", model: "m", fingerprint: ContentHash(of: Data()))
            },
            try Change("fingerprint like a model") {
                $0.engine = try EngineIdentity(kind: "test", model: "m sha256=\(ContentHash(of: Data()))")
            },
            Change("language") { $0.language = "de" },
            Change("no language") { $0.language = nil },
            Change("prompt") { $0.prompt = "q" },
            Change("no prompt") { $0.prompt = nil },
            Change("language and prompt swapped") { ($0.language, $0.prompt) = ($0.prompt, $0.language) },
            Change("option value") { $0.options = ["a": "c"] },
            Change("option name") { $0.options = ["b": "b"] },
            Change("more options") { $0.options = ["a": "b", "c": "d"] },
            Change("no options") { $0.options = [:] },
            Change("option across its name") { $0.options = ["ab": ""] },
        ]
    }

    /// Changes of how a run is cut and ended.
    private static func runChanges() throws -> [Change] {
        [
            try Change("chunk length") { $0.chunking = try ChunkSettings(targetSeconds: 31) },
            Change("cache use") { $0.usesCache = false },
            Change("failure policy") { $0.failurePolicy = .fail },
        ]
    }

    private func runKey(
        _ recipe: Recipe, recording: String = "a", range: SampleRange = Processings.range(0)
    ) -> RunKey {
        RunKey(recording: ContentHash(of: Data(recording.utf8)), range: range, recipe: recipe)
    }

    @Test("Every part of a run changes its key, each to another one")
    func runs() throws {
        let recipes = [Self.base] + (try Self.engineChanges() + Self.runChanges()).map(\.recipe)
        var keys = recipes.map { runKey($0) }
        keys.append(runKey(Self.base, recording: "b"))
        keys.append(runKey(Self.base, range: SampleRange(uncheckedStart: 1, end: 16_000)))
        keys.append(runKey(Self.base, range: SampleRange(uncheckedStart: 0, end: 15_999)))
        #expect(Set(keys).count == keys.count)
    }

    @Test("The same run has the same key wherever the file is, and whatever its identities are")
    func path() throws {
        let moved = RecordingSource(path: "/elsewhere/b.wav", hash: Processings.source.hash, sampleCount: 64_000)
        let processors = try [Processings.source, moved].map { source in
            try ParallelProcessor(
                id: .make(at: .after(1)), transcriptID: .make(at: .after(1)), source: source, recipe: Self.base,
                chunks: [(.make(at: .after(1)), Processings.range(0)), (.make(at: .after(1)), Processings.range(1))],
                queueName: QueueName(stored: source.name), priority: .low, at: .after(5))
        }
        #expect(processors[0].runKey == processors[1].runKey)
        let whole = SampleRange(uncheckedStart: 0, end: 32_000)
        #expect(processors[0].runKey == RunKey(recording: moved.hash, range: whole, recipe: Self.base))
        #expect(RunKey(stored: processors[0].runKey.hash) == processors[0].runKey)
        #expect("\(processors[0].runKey)" == processors[0].runKey.hash.hex)
    }

    @Test("Everything that an engine hears or is asked changes the key of a chunk")
    func chunks() throws {
        let audio = AudioChunk(samples: [1, 2, 3])
        let recipes = [Self.base] + (try Self.engineChanges()).map(\.recipe)
        var keys = recipes.map { CacheKey.chunk(audio, recipe: $0) }
        let others: [[Int16]] = [[], [1, 2], [1, 2, 4], [3, 2, 1], [1, 2, 3, 0], [256, 512, 768]]
        keys += others.map { CacheKey.chunk(AudioChunk(samples: $0), recipe: Self.base) }
        #expect(Set(keys).count == keys.count)
        #expect(keys.allSatisfy { $0.text.hasPrefix("chunk:") && $0.text.utf8.count == 70 })
    }

    @Test("How a recording is cut, cached or ended does not change the key of a chunk")
    func chunksIgnoreRuns() throws {
        let audio = AudioChunk(samples: [1, 2, 3])
        for change in try Self.runChanges() {
            #expect(CacheKey.chunk(audio, recipe: change.recipe) == .chunk(audio, recipe: Self.base))
        }
    }

    @Test("The order in which options were given does not count")
    func optionOrder() {
        let names = (0..<20).map { "option\($0)" }
        var (forward, backward) = (Self.base, Self.base)
        for name in names { forward.options[name] = name }
        for name in names.reversed() { backward.options[name] = name }
        #expect(runKey(forward) == runKey(backward))
        let audio = AudioChunk(samples: [])
        #expect(CacheKey.chunk(audio, recipe: forward) == .chunk(audio, recipe: backward))
    }
}
