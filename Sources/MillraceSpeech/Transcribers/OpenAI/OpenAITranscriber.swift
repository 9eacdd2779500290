public import AsyncHTTPClient
internal import Foundation
public import Logging
public import MillraceCore
internal import MillraceHTTP
internal import NIOCore
internal import Synchronization

/// Transcribes by any API that has OpenAI's `POST /v1/audio/transcriptions`.
///
/// Requests go out as many at once as the API bears: it shares one pace among all chunks, slows down at a limit and
/// recovers after it. A chunk that is refused for a limit (429), or finds no API to connect to, waits and is sent again at
/// no cost of its retries; what an API fails to answer (5xx, time-outs, cut connections) costs one. Connections are
/// reused, by HTTP/2 where it is offered.
///
/// The key is sent to the API alone. The store knows kind, model and the hash of the base URL.
public struct OpenAITranscriber: Transcriber {
    /// Kind `openai`, the model, and the SHA-256 of the base URL.
    public let identity: EngineIdentity

    private let api: OpenAIConfiguration
    private let client: APIClient
    private let gate: RequestGate
    private let dialect: LearnedDialect
    private let clock: any WallClock

    /// How long an API may take to say that it is there.
    private static let checkTime = Duration.seconds(15)
    /// A chunk that was put off so often is given back.
    private static let mostPostponements = 100
    private static let encoding = BlockingQueue(label: "millrace.encoding", width: 2)

    /// Runs something with a transcriber, and closes its connections on every way out.
    ///
    /// The transcriber is of no use afterwards.
    ///
    /// - Throws: `InvalidValue` when the model's name cannot be one; what `body` throws.
    public static func with<Value>(
        _ api: OpenAIConfiguration, logger: Logger = Logger(label: "millrace"),
        isolation: isolated (any Actor)? = #isolation, _ body: (OpenAITranscriber) async throws -> Value
    ) async throws -> Value {
        try await HTTPClient.withHTTPClient(configuration: clientConfiguration(for: api)) { client in
            let transcriber = try OpenAITranscriber(api, client: client, logger: logger)
            defer {
                let traffic = transcriber.traffic
                logger.debug(
                    "The API was asked",
                    metadata: [
                        "requests": "\(traffic.requests)", "refused": "\(traffic.refused)",
                        "faults": "\(traffic.faults)", "waits": "\(traffic.waits)",
                        "waited-seconds": "\(traffic.waited.inSeconds)",
                    ])
            }
            return try await body(transcriber)
        }
    }

    /// Makes a transcriber over a client that its owner shuts down.
    ///
    /// The client should be made from ``clientConfiguration(for:)``: others may follow redirects, or have fewer
    /// connections than the API is to get requests at once, so that requests fail for want of one.
    ///
    /// - Throws: `InvalidValue` when the model's name cannot be one.
    public init(
        _ api: OpenAIConfiguration, client: HTTPClient, logger: Logger = Logger(label: "millrace"),
        time: MonotonicTime = MonotonicTime(ContinuousClock()), clock: any WallClock = SystemWallClock()
    ) throws(InvalidValue) {
        identity = try api.identity()
        self.api = api
        let metrics = HTTPMetrics()
        self.client = APIClient(http: client, key: api.key, idle: api.timeouts.idle, metrics: metrics)
        self.clock = clock
        gate = RequestGate(
            RequestPace.Settings(
                mostAtOnce: api.concurrency, backoff: api.backoff, longestLimit: api.longestLimit,
                longestOutage: api.longestOutage),
            time: time, metrics: metrics, logger: logger)
        dialect = LearnedDialect(APIDialect(model: api.model))
    }

    /// The settings of an HTTP client for an API: one connection for each request at one time, and no redirects, which
    /// would carry sound to where nobody sent it.
    public static func clientConfiguration(for api: OpenAIConfiguration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(api.timeouts.connect)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = api.concurrency
        // Its own retries would hide for how long an API is not there.
        configuration.connectionPool.retryConnectionEstablishment = false
        // A span of the client would show the address, and its request tell the API of the trace.
        configuration.tracing.tracer = nil
        return configuration
    }

    /// What was sent so far, and how it fared.
    public var traffic: APITraffic { gate.traffic }

    /// Asks the API for its models: whether it is there, and takes the key.
    ///
    /// An API without such a list is there too. Takes 15 s at most.
    ///
    /// - Throws: `TranscriptionError` `engineUnavailable`, `cancelled`.
    public func check() async throws(TranscriptionError) {
        if api.key == nil, api.baseURL == .openAI {
            throw unavailable("wants a key; set \(APIKey.commonVariable) or \(APIKey.variable)")
        }
        switch await client.get(api.baseURL.models, within: min(Self.checkTime, api.timeouts.answer)) {
        case .failure(.cancelled): throw .cancelledTask
        case .failure(let failure):
            throw unavailable("cannot be reached: \(failure.reason); start it, or check --base-url and the network")
        case .success(let answer): try check(answer)
        }
    }

    private func check(_ answer: APIClient.Answer) throws(TranscriptionError) {
        let text = APIErrorText(answer.body, hiding: api.key)
        let said = text.line.isEmpty ? "" : ": \(text.line)"
        switch answer.status {
        case 401, 403:
            // A key may be good for transcriptions alone, and not for the list.
            if text.line.contains("scope") { return }
            if api.key != nil {
                throw unavailable("refuses the key\(said); check \(APIKey.variable) and \(APIKey.commonVariable)")
            }
            let isWithheld = !api.baseURL.isEncrypted && !api.baseURL.isLocal
            throw unavailable(
                "wants a key\(said); set \(APIKey.variable)"
                    + (isWithheld ? " (\(APIKey.commonVariable) is not sent unencrypted)" : ""))
        case 502, 503, 504:
            throw unavailable("is not ready (\(answer.status)\(said)); start what is behind it, or wait")
        case 300..<400: throw unavailable("is elsewhere (\(answer.status)); give the final address as --base-url")
        default: break
        }
    }

    private func unavailable(_ reason: String) -> TranscriptionError {
        TranscriptionError(.engineUnavailable, "the API at \(api.baseURL.host) \(reason)")
    }

    /// Sends a chunk and reads the answer.
    ///
    /// Waits as long as the API's limits ask for, within those of the configuration.
    ///
    /// - Throws: `TranscriptionError`: `engineUnavailable` for a wrong key, model or address and a used-up quota,
    ///   `engineFailed`, `timedOut`, `badOutput`, `cancelled`.
    public func transcribe(_ audio: AudioChunk, recipe: Recipe) async throws(TranscriptionError) -> ChunkResult {
        let patience = api.timeouts.answer + api.timeouts.answerPerSecond * audio.durationSeconds
        var dialect = dialect.current
        var form = try await form(audio, recipe, dialect)
        var postponements = 0
        while true {
            let ticket = try await gate.enter()
            let reply = await client.post(form, to: api.baseURL.transcriptions, within: patience)
            let verdict = APIVerdict(
                reply,
                APIVerdict.Circumstances(
                    duration: audio.durationSeconds, language: recipe.language, key: api.key, patience: patience,
                    now: clock.now()))
            gate.leave(ticket, verdict.outcome)
            switch verdict {
            case .accepted(let result):
                self.dialect.understands(dialect)
                return result
            case .postponed(_, let error):
                postponements += 1
                guard postponements < Self.mostPostponements else { throw error }
            case .misunderstood(let text, let error):
                guard let simpler = dialect.simpler(after: text.line) else { throw error }
                dialect = simpler
                form = try await self.form(audio, recipe, dialect)
            case .failed(let error): throw error
            }
        }
    }

    private func form(
        _ audio: AudioChunk, _ recipe: Recipe, _ dialect: APIDialect
    ) async throws(TranscriptionError) -> TranscriptionForm {
        try await Self.encoding.run { [api] _ throws(TranscriptionError) in
            try TranscriptionForm(audio, recipe: recipe, model: api.model, dialect: dialect)
        }
    }

    /// The dialect that an API was found to understand, shared by all chunks.
    private final class LearnedDialect: Sendable {
        private let dialect: Mutex<APIDialect>

        init(_ dialect: APIDialect) {
            self.dialect = Mutex(dialect)
        }

        var current: APIDialect { dialect.withLock { $0 } }

        func understands(_ dialect: APIDialect) {
            var dialect = dialect
            dialect.isUnderstood = true
            self.dialect.withLock { $0 = dialect }
        }
    }
}
