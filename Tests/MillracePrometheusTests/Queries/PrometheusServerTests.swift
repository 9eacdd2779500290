import MillraceCore
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("A client of a real server", .timeLimit(.minutes(10)))
struct PrometheusServerTests {
    private let up = VectorExpression(SeriesSelector(MetricName(stored: "up")))

    @Test("hears what is wrong with a query")
    func wrongQuery() async throws {
        try await PrometheusLab.with { lab in
            let matcher = LabelMatcher.matching(LabelName(stored: "a"), "(")
            let error = await storeError {
                try await lab.client.query(VectorExpression(SeriesSelector(MetricName(stored: "m"), [matcher])))
            }
            #expect(error?.code == .invalid && error?.description.contains("regexp") == true)
            // Several values have one name in what is left of them.
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            try await lab.write(
                ["a", "b"].map {
                    MetricSample(MetricSeries(try MetricName("\(name)_\($0)")), 1, at: now)
                })
            let all = VectorExpression(
                SeriesSelector(nil, [.beginning(LabelName(stored: "__name__"), with: "\(name)_")]))
            let ambiguous = await storeError { try await lab.client.query(all / all, at: now) }
            #expect(ambiguous?.code == .invalid)
        }
    }

    @Test("talks over TLS with a password, and is told without one")
    func secure() async throws {
        try await PrometheusServer.with(isSecure: true) { server in
            try await PrometheusLab.with(server) { lab in
                let answer = try await lab.client.query(up)
                #expect(answer.result == .vector([]))
            }
            let wrong = server.url().replacing(server.password, with: "wrong") + "&timeout=60s"
            try await PrometheusClient.with(PrometheusEndpoint(wrong, environment: [:])) { client in
                let error = await storeError { try await client.query(up) }
                #expect(error?.code == .unavailable && error?.description.contains("refuses who asks") == true)
            }
            let untrusted = "https://millrace:\(server.password)@localhost:\(server.port)?timeout=60s"
            try await PrometheusClient.with(PrometheusEndpoint(untrusted, environment: [:])) { client in
                let error = await storeError { try await client.query(up) }
                #expect(error?.description.contains("certificate is not trusted") == true)
            }
            let plain = "http://localhost:\(server.port)?timeout=60s"
            try await PrometheusClient.with(PrometheusEndpoint(plain, environment: [:])) { client in
                #expect(await storeError { try await client.query(up) } != nil)
            }
        }
    }

    @Test("finds after a crash what was stored before, and is told while it is away, or silent")
    func crash() async throws {
        try await PrometheusServer.with { server in
            let (name, now) = (try ownMetric(), PrometheusLab.now)
            let expression = VectorExpression(SeriesSelector(name))
            try await PrometheusLab.with(server) { lab in
                try await lab.write([MetricSample(MetricSeries(name), 3, at: now)])
                try await server.crash()
                #expect(await storeError { try await lab.client.query(expression, at: now) }?.isRetryable == true)
                try await server.start()
                #expect(try await lab.client.query(expression, at: now).result.number == 3)
            }
            try await server.freeze()
            let hurried = try PrometheusEndpoint(server.url() + "?timeout=50ms", environment: [:])
            try await PrometheusClient.with(hurried) { client in
                #expect(await storeError { try await client.query(up) }?.code == .timedOut)
            }
            try server.thaw()
        }
    }

    @Test("is told when a query needs more than the server computes")
    func tooMuch() async throws {
        try await PrometheusServer.with(words: ["--query.max-samples=50"]) { server in
            try await PrometheusLab.with(server) { lab in
                let (name, now) = (try ownMetric(), PrometheusLab.now)
                try await lab.write(
                    (0..<100).map { MetricSample(MetricSeries(name, try MetricLabels(["a": "\($0)"])), 1, at: now) })
                let error = await storeError {
                    try await lab.client.query(VectorExpression(SeriesSelector(name)), at: now)
                }
                #expect(error?.code == .invalid && error?.description.contains("cannot compute") == true)
            }
        }
    }
}
