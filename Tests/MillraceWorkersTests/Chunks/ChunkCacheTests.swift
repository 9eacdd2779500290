import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting
import MillraceWorkers
import Testing

@Suite(.timeLimit(.minutes(5))) struct ChunkCacheTests {
    private let place = Workplace()
    private let engine = EchoTranscriber()

    @Test func `a second run takes its chunks from the cache and says so`() async throws {
        let first = try await place.startRun(chunks: 5)
        let made = try #require(try await place.finish(first, with: engine))
        let second = try await place.startRun(chunks: 5)
        let found = try #require(try await place.finish(second, with: engine))
        #expect(found.text == made.text)
        #expect(found.chunks == ChunkSummary(total: 5, completed: 5, failed: 0, cached: 5))
        #expect(try await place.chunks(of: first).allSatisfy { !$0.isFromCache })
        #expect(try await place.chunks(of: second).allSatisfy { $0.isFromCache })
        #expect(engine.calls.values.reduce(0, +) == 5)
    }

    @Test func `a run without cache neither reads nor writes it`() async throws {
        let run = try await place.startRun(chunks: 3, usesCache: false)
        #expect(try await place.finish(run, with: engine)?.chunks.cached == 0)
        #expect(try await place.cacheStore.count() == 0)
        _ = try await place.finish(try await place.startRun(chunks: 3), with: engine)
        let again = try await place.startRun(chunks: 3, usesCache: false)
        #expect(try await place.finish(again, with: engine)?.chunks.cached == 0)
        #expect(engine.calls == [0: 3, 1: 3, 2: 3])
    }

    @Test func `failures are not cached`() async throws {
        engine.obstruct { _, _ throws(TranscriptionError) in throw TranscriptionError(.badOutput, "nonsense") }
        let run = try await place.startRun(chunks: 2)
        #expect(try await place.finish(run, with: engine)?.status == .failed)
        #expect(try await place.cacheStore.count() == 0)
    }

    @Test func `a cache that is out of order costs the engine's time, and no chunk`() async throws {
        let run = try await place.startRun(chunks: 3, maxRetries: 0)
        let transcript = try await place.finish(run, with: engine, cache: BrokenCache())
        #expect(transcript?.status == .completed)
        #expect(engine.calls == [0: 1, 1: 1, 2: 1])
    }

    @Test func `a cached result that cannot be read is made anew`() async throws {
        let run = try await place.startRun(chunks: 1, maxRetries: 0)
        let audio = try await NumberedRecording().chunk(run.tasks[0].range, of: run.source)
        let key = CacheKey.chunk(audio, recipe: run.recipe)
        try await place.cache.put(key, CacheValue(bytes: Data("rubbish".utf8), codec: .json), ttl: .standard)
        #expect(try await place.finish(run, with: engine)?.status == .completed)
        let mended = try #require(try await place.cache.get(key)).value
        #expect(try mended.decode(ChunkResult.self).segments.first?.text == "c0")
    }
}
