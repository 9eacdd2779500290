internal import Logging
internal import MillraceCore
internal import Synchronization

/// The engines of a worker, and which of them are gone for now.
///
/// An engine whose program, key or model is missing would fail chunk after chunk. It rests instead: its chunks and jobs go
/// back at no cost of a retry, and are not claimed here again until it can be used. That is said once, and once when it is
/// over.
final class EngineWatch: Sendable {
    private struct State {
        var rests: [EngineIdentity: EngineRest] = [:]
        /// When the work was begun that an engine did last.
        var proofs: [EngineIdentity: Duration] = [:]
        /// When a chunk was first told that its engine is gone.
        var refusals: [ChunkID: Duration] = [:]
        var failure: TranscriptionError?
    }

    private static let mostRefusals = 10_000

    private let transcribers: [EngineIdentity: any Transcriber]
    private let metrics: [String: EngineMetrics]
    private let isPatient: Bool
    private let time: MonotonicTime
    private let stop: StopSignal
    private let logger: Logger
    private let bell = Doorbell()
    private let state = Mutex(State())

    /// Watches engines. Without patience the first that is gone raises `stop`, and is the ``failure``.
    init(
        _ transcribers: [any Transcriber], isPatient: Bool, time: MonotonicTime, stop: StopSignal, logger: Logger
    ) {
        self.transcribers = Dictionary(transcribers.map { ($0.identity, $0) }, uniquingKeysWith: { $1 })
        metrics = EngineMetrics.ofKinds(transcribers.map(\.identity))
        self.isPatient = isPatient
        self.time = time
        self.stop = stop
        self.logger = logger
    }

    /// The engines that work may be claimed for.
    var usable: [EngineIdentity] {
        let rests = state.withLock { $0.rests }
        return transcribers.keys.filter { rests[$0]?.isOnTrial ?? true }
    }

    /// Why there is no going on.
    var failure: TranscriptionError? { state.withLock { $0.failure } }

    /// One of the engines, usable or not.
    subscript(engine: EngineIdentity) -> (any Transcriber)? { transcribers[engine] }

    /// Has an engine transcribe, and notes that it can.
    func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        guard let transcriber = transcribers[recipe.engine] else {
            throw TranscriptionError(.engineUnavailable, "this worker has no engine \(recipe.engine.kind)")
        }
        let start = time.now()
        let result = try await transcriber.transcribe(audio, recipe: recipe)
        metrics[recipe.engine.kind]?.note(audio, in: time.now() - start)
        let isBack = state.withLock { state in
            state.proofs[recipe.engine] = max(start, state.proofs[recipe.engine] ?? start)
            guard state.rests[recipe.engine]?.isOnTrial == true else { return false }
            state.rests[recipe.engine] = nil
            return true
        }
        if isBack { welcome(recipe.engine) }
        return result
    }

    /// Has the engine of a chunk rest if the error says that it is gone.
    ///
    /// - Returns: whether it does; otherwise the failure is the chunk's own.
    func rest(afterChunk chunk: ClaimedChunk, _ error: TranscriptionError) -> Bool {
        let (engine, id) = (chunk.recipe.engine, chunk.task.id)
        guard error.code == .engineUnavailable, knows(chunk.recipe) else { return false }
        let isOfTheChunk = state.withLock { state in
            if let refusal = state.refusals[id] {
                // What has begun and done other work since it refused this chunk, and refuses it again, is not gone.
                guard let proof = state.proofs[engine], proof > refusal else { return false }
                state.refusals[id] = nil
                return true
            }
            // An engine may be gone for days; to forget whom it refused costs one more look.
            if state.refusals.count >= Self.mostRefusals { state.refusals = [:] }
            state.refusals[id] = time.now()
            return false
        }
        return !isOfTheChunk && rest(engine, because: error)
    }

    /// Has an engine rest, if this worker has it.
    func rest(_ engine: EngineIdentity, because error: TranscriptionError) -> Bool {
        guard transcribers[engine] != nil else { return false }
        let now = time.now()
        let isNews = state.withLock { state in
            if !isPatient, state.failure == nil { state.failure = error }
            guard state.rests[engine] == nil else {
                state.rests[engine]?.refused(at: now)
                return false
            }
            state.rests[engine] = EngineRest(at: now)
            return true
        }
        guard isPatient else {
            stop.raise()
            return true
        }
        if isNews {
            logger.warning(
                "An engine is unavailable; its work is left to others until it is back",
                metadata: ["engine": "\(engine.kind)", "error": "\(error)"])
        }
        bell.ring()
        return true
    }

    /// Checks the engines that rest, until the task is cancelled.
    func watch() async throws {
        while true {
            let next = state.withLock { $0.rests.values.compactMap(\.nextCheck).min() }
            await time.limit(next.map { max(.zero, $0 - time.now()) }) { [bell] in await bell.wait() }
            try Task.checkCancellation()
            let now = time.now()
            let due = state.withLock { $0.rests.filter { $0.value.isDue(at: now) }.keys }
            await withTaskGroup(of: Void.self) { group in
                for engine in due { group.addTask { await self.check(engine) } }
            }
        }
    }

    private func check(_ engine: EngineIdentity) async {
        do throws(TranscriptionError) {
            try await transcribers[engine]?.check()
        } catch {
            logger.debug(
                "An engine is still unavailable", metadata: ["engine": "\(engine.kind)", "error": "\(error)"])
            let now = time.now()
            state.withLock { $0.rests[engine]?.checkFailed(at: now) }
            return
        }
        let isBack = state.withLock { state in
            guard state.rests[engine]?.checkPassed() == true else { return false }
            state.rests[engine] = nil
            return true
        }
        if isBack { welcome(engine) }
    }

    private func welcome(_ engine: EngineIdentity) {
        logger.warning("The engine is available again", metadata: ["engine": "\(engine.kind)"])
    }

    /// Whether the engine can do what a recipe asks for; a language that it does not know says nothing about it.
    private func knows(_ recipe: Recipe) -> Bool {
        guard let transcriber = transcribers[recipe.engine] else { return false }
        do throws(TranscriptionError) {
            try transcriber.check(language: recipe.language)
            if let prompt = recipe.prompt { try transcriber.check(prompt: prompt) }
            return true
        } catch {
            return false
        }
    }
}
