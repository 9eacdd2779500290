import Foundation
import Logging
import Millrace
import MillraceTesting
import Synchronization
import TestServers
import Testing

/// A run of a thousand chunks through an API that limits, fails, hangs and hangs up.
@Suite(.timeLimit(.minutes(10))) final class MisbehavingAPITests {
    /// What an API does wrong.
    private enum Fault: Hashable {
        case limit(Int)
        case failure
        case silence
        case cut
    }

    /// Decides about each request as it comes: of every hundred, five are refused for a limit, five fail, two are never
    /// answered and one is cut off, in an order that is drawn.
    ///
    /// No chunk is struck by what costs a retry more than three times, which would rightly leave a gap.
    private final class Plan: Sendable {
        private struct State {
            var generator = TestSeed.generator()
            var hundred: [Fault?] = []
            var strikes: [[UInt8]: Int] = [:]
            var dealt: [Fault: Int] = [:]
        }

        private let state = Mutex(State())

        var dealt: [Fault: Int] { state.withLock(\.dealt) }

        func next(for sound: [UInt8]) -> Fault? {
            state.withLock { state in
                if state.hundred.isEmpty {
                    let faults: [Fault?] =
                        (0..<5).map { .limit($0) } + Array(repeating: .failure, count: 5) + [.silence, .silence, .cut]
                    state.hundred = faults + Array(repeating: nil, count: 100 - faults.count)
                    state.hundred.shuffle(using: &state.generator)
                }
                guard let fault = state.hundred.removeLast() else { return nil }
                if case .limit = fault {
                    state.dealt[fault, default: 0] += 1
                    return fault
                }
                let strikes = state.strikes[sound, default: 0]
                guard strikes < 3 else { return nil }
                state.strikes[sound] = strikes + 1
                state.dealt[fault, default: 0] += 1
                return fault
            }
        }
    }

    private static let chunkCount = 1_000
    private static let concurrency = 16

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-api-\(UUID())")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// A recording that is cut into so many chunks, no two alike: bursts of noise with pauses.
    private func recording(chunks: Int) throws -> String {
        var generator = SeededGenerator(seed: 1)
        let burst = (0..<16_000).map { _ in Int16.random(in: -8_000...8_000, using: &generator) }
        var samples: [Int16] = []
        samples.reserveCapacity(chunks * 24_000)
        for number in 0..<chunks {
            samples += burst
            samples[samples.count - 8_000] = Int16(number)
            samples += [Int16](repeating: 0, count: 8_000)
        }
        let file = folder.appendingPathComponent("bursts.wav")
        try Data(WAVEncoder.encode(AudioChunk(samples: samples))).write(to: file)
        return file.path
    }

    private func millrace() async throws -> Millrace {
        try await Millrace(
            store: .file(folder.appendingPathComponent("m.db").path),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private static func answer(_ request: HTTPTestRequest, _ plan: Plan) -> HTTPTestAnswer {
        guard request.method == "POST" else { return .json(#"{"data":[]}"#) }
        guard let sound = MultipartForm(request)?.files["file"]?.bytes else { return .json("{}", status: 400) }
        let tooMany = #"{"error":{"message":"Too many requests"}}"#
        switch plan.next(for: sound) {
        case nil: return .json(#"{"text":"a burst of \#(sound.count) bytes","language":"english"}"#)
        case .limit(0): return .json(tooMany, status: 429, headers: [("retry-after", "1")])
        case .limit(1):
            return .json(
                tooMany, status: 429,
                headers: [
                    ("date", "Thu, 01 Jan 2026 00:00:00 GMT"), ("retry-after", "Thu, 01 Jan 2026 00:00:01 GMT"),
                ])
        case .limit(2): return .json(tooMany, status: 429, headers: [("retry-after-ms", "50")])
        case .limit: return .json(tooMany, status: 429)
        case .failure: return .json(#"{"error":{"message":"Internal error"}}"#, status: 500)
        case .silence: return .silence
        case .cut: return .cut
        }
    }

    @Test func `a thousand chunks come through an API that limits, fails, hangs and hangs up`() async throws {
        let recording = try recording(chunks: Self.chunkCount)
        let millrace = try await millrace()
        let plan = Plan()
        try await HTTPTestServer.with { request in
            Self.answer(request, plan)
        } body: { server in
            let api = OpenAIConfiguration(
                baseURL: try APIBaseURL(server.url), concurrency: Self.concurrency,
                timeouts: .init(answer: .seconds(3), answerPerSecond: .zero),
                backoff: .exponential(base: .milliseconds(20), cap: .seconds(1)))
            let start = ContinuousClock.now
            let (transcript, traffic) = try await OpenAITranscriber.with(api) { transcriber in
                let transcript = try await millrace.transcribe(
                    .file(recording), with: transcriber,
                    options: TranscriptionOptions(
                        chunking: try ChunkSettings(targetSeconds: 1.5), concurrency: Self.concurrency))
                return (transcript, transcriber.traffic)
            }
            let dealt = plan.dealt
            let limits = (0..<5).reduce(0) { $0 + dealt[.limit($1), default: 0] }
            let (failures, silences, cuts) = (dealt[.failure] ?? 0, dealt[.silence] ?? 0, dealt[.cut] ?? 0)
            print(
                """
                openai engine, misbehaving API: \(transcript.chunks.completed) of \(transcript.chunks.total) chunks in \
                \(start.duration(to: .now)); \(traffic.requests) requests: \(limits) limited, \(failures) failed, \
                \(silences) never answered, \(cuts) cut off; \(traffic.waits) waits, \(traffic.waited) in all; \
                \(server.record.connections) connections opened, \(silences + cuts) of which ended so; never more than \
                \(server.record.mostOpenConnections) at one time, with a concurrency of \(Self.concurrency)
                """)
            #expect(transcript.status == .completed)
            #expect(transcript.chunks.completed == Self.chunkCount && transcript.chunks.total == Self.chunkCount)
            #expect(transcript.language == "en")
            // A busy machine may let an answer come too late that was given in time.
            let late = traffic.faults - failures - silences - cuts
            #expect(late >= 0)
            #expect(traffic.refused == limits)
            // So busy a machine that a lease ran out asks once more for what was under way.
            let again = traffic.requests - Self.chunkCount - limits - traffic.faults
            #expect((0...Self.concurrency).contains(again), "\(traffic)")
            #expect(traffic.waits > 0 && limits > 0 && failures > 0 && silences > 0 && cuts > 0)
            #expect(server.record.connections <= Self.concurrency + silences + cuts + late + again)
        }
    }

    @Test func `an API that is restarted in the middle of a run costs time and no chunk`() async throws {
        let recording = try recording(chunks: 60)
        let millrace = try await millrace()
        let answer: HTTPTestServer.Handler = { request in
            guard request.method == "POST" else { return .json("{}") }
            try? await Task.sleep(for: .milliseconds(10))
            return .json(#"{"text":"a burst"}"#)
        }
        let port = try await HTTPTestServer.unusedPort()
        let api = OpenAIConfiguration(
            baseURL: try APIBaseURL("http://127.0.0.1:\(port)"), concurrency: 4,
            backoff: .exponential(base: .milliseconds(20), cap: .seconds(1)))
        let (isUp, isOver) = (StopSignal(), StopSignal())
        try await OpenAITranscriber.with(api) { transcriber in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [transcriber] in
                    try await HTTPTestServer.with(port: port, answer) { server in
                        isUp.raise()
                        while server.record.requests < 20 { try await Task.sleep(for: .milliseconds(5)) }
                    }
                    // Until it is missed.
                    let faults = transcriber.traffic.faults
                    while transcriber.traffic.faults < faults + 6 { try await Task.sleep(for: .milliseconds(5)) }
                    try await HTTPTestServer.with(port: port, answer) { _ in await isOver.wait() }
                }
                group.addTask { [transcriber] in
                    defer { isOver.raise() }
                    await isUp.wait()
                    let transcript = try await millrace.transcribe(
                        .file(recording), with: transcriber,
                        options: TranscriptionOptions(chunking: try ChunkSettings(targetSeconds: 1.5)))
                    #expect(transcript.status == .completed && transcript.chunks.completed == 60)
                }
                try await group.waitForAll()
            }
        }
    }
}
