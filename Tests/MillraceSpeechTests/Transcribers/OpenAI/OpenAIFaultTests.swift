import Foundation
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillraceSpeech

/// An API that misbehaves in each of the ways that it can.
@Suite(.timeLimit(.minutes(5))) struct OpenAIFaultTests {
    /// Counts requests and says which was the how manieth.
    private final class Count: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// The clock's time at each request.
    private final class Times: Sendable {
        private let times = Mutex<[ContinuousClock.Instant]>([])
        func note() { times.withLock { $0.append(.now) } }
        var gaps: [Duration] {
            times.withLock { times in zip(times, times.dropFirst()).map { $0.duration(to: $1) } }
        }
    }

    private static let limit = #"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#

    @Test func `a limit costs a chunk nothing but time`() async throws {
        let count = Count()
        try await SpeechAPI.with { _ in
            count.next() <= 10 ? .json(Self.limit, status: 429) : SpeechAPI.answer
        } body: { api in
            let result = try await api.transcribe()
            #expect(result.segments.count == 1)
            #expect(api.transcriber.traffic.refused == 10)
            #expect(api.server.record.connections == 1)
        }
    }

    @Test func `Retry-After is kept, as seconds and as a date`() async throws {
        let count = Count()
        let times = Times()
        try await SpeechAPI.with { _ in
            times.note()
            return switch count.next() {
            case 1: .json(Self.limit, status: 429, headers: [("Retry-After", "1")])
            case 2:
                .json(
                    Self.limit, status: 429,
                    headers: [
                        ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Retry-After", "Thu, 01 Jan 2026 00:00:02 GMT"),
                    ])
            case 3: .json(#"{"error":"overloaded"}"#, status: 503, headers: [("Retry-After", "1")])
            default: SpeechAPI.answer
            }
        } body: { api in
            let result = try await api.transcribe()
            #expect(result.segments.count == 1)
        }
        let gaps = times.gaps
        #expect(gaps.count == 3)
        #expect(gaps[0] >= .seconds(1) && gaps[1] >= .seconds(2) && gaps[2] >= .seconds(1), "\(gaps)")
    }

    @Test func `a run that meets a limit of requests at once slows down until they fit`() async throws {
        let running = Mutex(0)
        try await SpeechAPI.with { _ in
            let isTooMany = running.withLock { running in
                running += 1
                return running > 2
            }
            defer { running.withLock { $0 -= 1 } }
            guard !isTooMany else { return .json(Self.limit, status: 429) }
            try? await Task.sleep(for: .milliseconds(2))
            return SpeechAPI.answer
        } configure: {
            $0.concurrency = 16
        } body: { api in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 { group.addTask { _ = try await api.transcribe() } }
                try await group.waitForAll()
            }
            let traffic = api.transcriber.traffic
            #expect(traffic.requests == 200 + traffic.refused && traffic.refused > 0)
            // All at once and all again would be refused seven times of eight.
            #expect(traffic.refused < 200, "\(traffic)")
        }
    }

    @Test(arguments: [500, 502, 503, 504, 529, 408])
    func `a failing API is worth another try`(status: Int) async throws {
        try await SpeechAPI.with { _ in
            .json(#"{"error":{"message":"Oops\nagain"}}"#, status: status)
        } body: { api in
            let error = await api.failure()
            #expect(error?.isRetryable == true)
            #expect(error?.message == "the API answered \(status): Oops again")
            #expect(api.transcriber.traffic.faults == 1)
        }
    }

    @Test(arguments: [
        (400, TranscriptionError.Code.engineFailed, ""), (401, .engineUnavailable, "check the key"),
        (403, .engineUnavailable, "check the key"), (404, .engineUnavailable, "check --model"),
        (405, .engineFailed, ""), (413, .engineFailed, "--chunk-seconds"), (415, .engineFailed, ""),
        (422, .engineFailed, ""), (301, .engineUnavailable, "the final address"),
        (307, .engineUnavailable, "--base-url"),
    ])
    func `what will not pass is final`(status: Int, code: TranscriptionError.Code, advice: String) async throws {
        try await SpeechAPI.with { _ in
            .json(#"{"error":{"message":"No"}}"#, status: status, headers: [("location", "http://127.0.0.1:9/v1")])
        } body: { api in
            let error = await api.failure()
            #expect(error?.code == code && error?.isRetryable == false)
            #expect(error?.message.hasPrefix("the API answered \(status): No") == true)
            #expect(error?.message.contains(advice) == true || advice.isEmpty, "\(error?.message ?? "")")
            #expect(api.transcriber.traffic.faults == 0)
        }
    }

    @Test func `a quota that is used up is final at once`() async throws {
        try await SpeechAPI.with { _ in
            .json(#"{"error":{"message":"You exceeded it","type":"insufficient_quota"}}"#, status: 429)
        } body: { api in
            let error = await api.failure()
            #expect(error?.isRetryable == false)
            #expect(
                error?.message == "the quota of the API is used up: You exceeded it; top it up and run the same again")
            #expect(api.server.record.requests == 1)
        }
    }

    @Test func `an API that is silent is given up in time`() async throws {
        try await SpeechAPI.with { _ in
            .silence
        } configure: {
            $0.timeouts.answer = .milliseconds(300)
            $0.timeouts.answerPerSecond = .zero
        } body: { api in
            let error = await api.failure()
            #expect(error?.code == .timedOut && error?.isRetryable == true)
            #expect(error?.message.hasPrefix("the API did not answer within 1 s") == true)
        }
    }

    @Test func `an answer that stops in the middle is given up after the idle time`() async throws {
        try await HTTPTestServer.with { _ in
            HTTPTestAnswer(body: Array(#"{"text":""#.utf8), ending: .stall(after: 5))
        } body: { server in
            var api = OpenAIConfiguration(baseURL: try APIBaseURL(server.url))
            api.timeouts.idle = .milliseconds(300)
            try await OpenAITranscriber.with(api, logger: .quiet) {
                let error = await SpeechAPI(transcriber: $0, server: server).failure()
                #expect(error?.code == .timedOut && error?.isRetryable == true)
            }
        }
    }

    @Test func `the idle time does not count before an answer has begun`() async throws {
        try await SpeechAPI.with { _ in
            try? await Task.sleep(for: .milliseconds(2_500))
            return SpeechAPI.answer
        } configure: {
            $0.timeouts.idle = .seconds(1)
        } body: { api in
            let result = try await api.transcribe()
            #expect(result.segments.count == 1)
        }
    }

    @Test(arguments: [nil, 0, 7] as [Int?])
    func `a connection that is cut is worth another try, on another`(after: Int?) async throws {
        let count = Count()
        try await SpeechAPI.with { _ in
            count.next() == 1
                ? HTTPTestAnswer(body: Array(#"{"text":"Hello there"}"#.utf8), ending: .cut(after: after))
                : SpeechAPI.answer
        } body: { api in
            let error = await api.failure()
            #expect(error?.code == .engineFailed && error?.isRetryable == true)
            #expect(error?.message == "the API failed: it closed the connection before it had answered")
            let result = try await api.transcribe()
            #expect(result.segments.count == 1)
            #expect(api.server.record.connections == 2)
        }
    }

    @Test func `an answer of any size is not taken`() async throws {
        try await SpeechAPI.with { _ in
            HTTPTestAnswer(body: [UInt8](repeating: 0x20, count: 17_000_000), hasLength: false)
        } body: { api in
            let error = await api.failure()
            #expect(error?.code == .badOutput && error?.isRetryable == false)
            #expect(error?.message == "the API cannot be used: its answer is larger than 16 MB")
        }
    }

    @Test func `of an error of any size the beginning is read`() async throws {
        try await SpeechAPI.with { _ in
            HTTPTestAnswer(status: 500, body: [UInt8](repeating: 0x61, count: 5_000_000))
        } body: { api in
            let error = await api.failure()
            #expect(error?.isRetryable == true)
            #expect(error.map { $0.message.count < 400 } == true)
        }
    }

    @Test(arguments: ["<html>Welcome</html>", "{}", #"{"text":"Hel"#])
    func `an answer that is no transcription is final`(body: String) async throws {
        try await SpeechAPI.with { _ in
            HTTPTestAnswer(body: Array(body.utf8))
        } body: { api in
            let error = await api.failure()
            #expect(error?.code == .badOutput && error?.isRetryable == false)
        }
    }

    @Test func `a key that an API repeats is not in the error`() async throws {
        try await SpeechAPI.with { request in
            .json(#"{"error":{"message":"Incorrect: \#(request.header("authorization") ?? "")"}}"#, status: 401)
        } configure: {
            $0.key = try APIKey("sk-secret")
        } body: { api in
            #expect(
                await api.failure()?.message
                    == "the API answered 401: Incorrect: Bearer <key>; check the key of the API")
        }
    }

    @Test func `a chunk waits for an API that is not there, until it is back`() async throws {
        let port = try await HTTPTestServer.unusedPort()
        let api = OpenAIConfiguration(
            baseURL: try APIBaseURL("http://127.0.0.1:\(port)"), backoff: .fixed(.milliseconds(20)))
        try await OpenAITranscriber.with(api, logger: .quiet) { transcriber in
            try await withThrowingTaskGroup(of: ChunkResult.self) { group in
                for _ in 0..<3 {
                    group.addTask { [transcriber] in
                        try await transcriber.transcribe(
                            SpeechAPI.sound, recipe: Recipe(engine: transcriber.identity))
                    }
                }
                await eventually { transcriber.traffic.faults >= 10 }
                try await HTTPTestServer.with(port: port) { _ in
                    SpeechAPI.answer
                } body: { server in
                    await eventually { server.record.requests == 3 }
                }
                for try await result in group { #expect(result.segments.count == 1) }
            }
        }
    }

    @Test func `an API that does not come back ends the wait for it`() async throws {
        let port = try await HTTPTestServer.unusedPort()
        let api = OpenAIConfiguration(
            baseURL: try APIBaseURL("http://127.0.0.1:\(port)"), backoff: .fixed(.milliseconds(50)),
            longestOutage: .milliseconds(300))
        try await OpenAITranscriber.with(api, logger: .quiet) { transcriber in
            let recipe = Recipe(engine: transcriber.identity)
            await #expect {
                _ = try await transcriber.transcribe(SpeechAPI.sound, recipe: recipe)
            } throws: {
                let error = $0 as? TranscriptionError
                return error?.isRetryable == false
                    && error?.message
                        == "the API has been failing for too long; run the same again when it is back"
            }
        }
    }

    @Test func `while an API fails its chunks are not used up one after the other`() async throws {
        try await SpeechAPI.with { _ in
            .json("{}", status: 500)
        } configure: {
            $0.concurrency = 1
            $0.backoff = .fixed(.seconds(3_600))
            $0.longestOutage = .seconds(1_000_000)
        } body: { api in
            for _ in 0..<3 {
                let error = await api.failure()
                #expect(error?.isRetryable == true)
            }
            // The fourth waits for better times, until it is called off.
            let fourth = await withTaskGroup(of: TranscriptionError?.self) { group in
                group.addTask { await api.failure() }
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(fourth?.code == .cancelled)
            #expect(api.server.record.requests == 3)
        }
    }
}
