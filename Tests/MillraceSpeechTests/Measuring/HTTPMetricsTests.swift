import CoreMetrics
import MetricsTestKit
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillraceSpeech

@Suite(.timeLimit(.minutes(5))) struct HTTPMetricsTests {
    private let metrics = TestMetrics()

    /// How many requests ended so.
    private func count(_ purpose: String, _ result: String) -> Int {
        let dimensions = [("purpose", purpose), ("result", result)]
        return metrics.timers(label: "millrace_http_request_seconds", dimensions: dimensions).flatMap(\.values).count
    }

    @Test func `requests to an API are measured by what they are for and how they end`() async throws {
        let answers = Mutex<[HTTPTestAnswer]>([
            .json(#"{"error":{"message":"slow down"}}"#, status: 429), .json("{}", status: 500), SpeechAPI.answer,
        ])
        try await withMetricsFactory(metrics) {
            try await SpeechAPI.with { _ in
                answers.withLock { $0.removeFirst() }
            } body: { api in
                try await api.transcriber.check()
                _ = await api.failure()
                _ = try await api.transcribe()
            }
        }
        #expect(count("check", "2xx") == 1)
        #expect(["429", "5xx", "2xx"].map { count("transcription", $0) } == [1, 1, 1])
        #expect(!metrics.timers(label: "millrace_http_hold_seconds").flatMap(\.values).isEmpty)
        #expect(metrics.timers(label: "millrace_http_request_seconds").flatMap(\.values).allSatisfy { $0 > 0 })
    }

    @Test func `an API that is not there is unreachable, by a label that holds no address`() async throws {
        let api = OpenAIConfiguration(baseURL: try APIBaseURL("http://127.0.0.1:1"), backoff: .fixed(.milliseconds(1)))
        try await withMetricsFactory(metrics) {
            try await OpenAITranscriber.with(api, logger: .quiet) { transcriber in
                _ = await #expect(throws: TranscriptionError.self) { try await transcriber.check() }
            }
        }
        #expect(count("check", "unreachable") == 1)
    }

    @Test func `the fetching of a recording is measured, each try by itself`() async throws {
        let folder = try TemporaryFolder()
        let answers = Mutex([HTTPTestAnswer.json("", status: 503), HTTPTestAnswer(body: [1, 2, 3], hasLength: true)])
        try await withMetricsFactory(metrics) {
            try await HTTPTestServer.with { _ in
                answers.withLock { $0.removeFirst() }
            } body: { server in
                let fetcher = RecordingFetcher(pause: .milliseconds(1))
                _ = try await fetcher.fetch(RecordingURL(server.url + "/a.wav"), into: folder.path)
            }
        }
        #expect(count("recording", "5xx") == 1 && count("recording", "2xx") == 1)
    }
}
