import Foundation
import MillraceCore
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("A client of queries", .timeLimit(.minutes(10)))
struct PrometheusClientTests {
    private let expression = VectorExpression(SeriesSelector(MetricName(stored: "m")))
    private let time = Timestamp(microseconds: 1_700_000_000_123_999)

    /// Asks a server that gives one answer.
    private func ask(_ answer: HTTPTestAnswer, options: String = "") async throws -> Result<QueryAnswer, StoreError> {
        try await HTTPTestServer.with { _ in
            answer
        } body: { server in
            let endpoint = try PrometheusEndpoint(server.url + options, environment: [:])
            return try await PrometheusClient.with(endpoint) { client in
                do throws(StoreError) {
                    return .success(try await client.query(expression))
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    private func success(_ data: String, _ more: String = "") -> HTTPTestAnswer {
        .json(#"{"status":"success","data":\#(data)\#(more)}"#)
    }

    @Test("reads vectors, whose labels may be any text and whose values any number")
    func vector() async throws {
        let answer = try await ask(
            success(
                #"""
                {"resultType":"vector","result":[
                {"metric":{"__name__":"m","a":"\"\u003c\n\u00e9"},"value":[1700000000.124,"-1.5e-3"]},
                {"metric":{},"value":[1700000000,"NaN"]},
                {"metric":{"b.c":"x"},"value":[0,"+Inf"]}]}
                """#)
        ).get()
        guard case .vector(let values) = answer.result else {
            Issue.record("\(answer.result)")
            return
        }
        #expect(values.map(\.labels.all) == [["__name__": "m", "a": "\"<\né"], [:], ["b.c": "x"]])
        #expect(values.map(\.sample.time.microseconds) == [1_700_000_000_124_000, 1_700_000_000_000_000, 0])
        #expect(
            values[0].sample.value == -0.0015 && values[1].sample.value.isNaN && values[2].sample.value == .infinity)
        #expect(try values[0].labels.series == MetricSeries(MetricName("m"), MetricLabels(["a": "\"<\né"])))
        // One has no name, the other one that Millrace does not use.
        #expect(values[1].labels.series == nil && values[2].labels.series == nil)
        #expect(answer.result.number == nil && answer.warnings.isEmpty)
    }

    @Test("reads matrices, numbers and texts")
    func otherResults() async throws {
        let matrix = try await ask(
            success(#"{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"1"],[2.5,"-Inf"]]}]}"#)
        ).get().result
        #expect(
            matrix
                == .matrix([
                    QueriedSeries(
                        labels: QueriedLabels(all: ["a": "b"]),
                        samples: [
                            TimestampedValue(1, at: Timestamp(microseconds: 1_000_000)),
                            TimestampedValue(-.infinity, at: Timestamp(microseconds: 2_500_000)),
                        ])
                ]))
        let scalar = try await ask(success(#"{"resultType":"scalar","result":[1,"4.5"]}"#)).get().result
        #expect(
            scalar == .scalar(TimestampedValue(4.5, at: Timestamp(microseconds: 1_000_000))) && scalar.number == 4.5)
        let string = try await ask(success(#"{"resultType":"string","result":[1,"x\"y"]}"#)).get().result
        #expect(string == .string("x\"y") && string.number == nil)
    }

    @Test("passes on warnings and what is only said, and reads past what it does not know")
    func warnings() async throws {
        let answer = try await ask(
            success(
                #"{"resultType":"vector","more":[{}],"result":[{"metric":{},"value":[1,"2"],"histogram":[1,{"count":"3"}]}]}"#,
                #","warnings":["one store is away"],"infos":["m may be no counter"],"stats":{"x":1}"#)
        ).get()
        #expect(answer.result.number == 2)
        #expect(answer.warnings.prefix(2) == ["one store is away", "m may be no counter"])
        #expect(answer.warnings.last?.contains("native histograms") == true && answer.warnings.count == 3)
    }

    @Test("says what a refusal means, in one line")
    func refusals() async throws {
        func error(_ status: Int, _ type: String, _ text: String) async throws -> StoreError? {
            let body = #"{"status":"error","errorType":"\#(type)","error":"\#(text)"}"#
            guard case .failure(let error) = try await ask(.json(body, status: status)) else { return nil }
            #expect(!error.description.contains("\n") && error.description.count < 600)
            return error
        }
        let bad = try await error(400, "bad_data", #"1:2: parse\nerror"#)
        #expect(bad?.code == .invalid && bad?.description.contains("1:2: parse error") == true)
        #expect(try await error(422, "execution", String(repeating: "long ", count: 1_000))?.code == .invalid)
        #expect(try await error(503, "timeout", "query timed out")?.code == .timedOut)
        #expect(try await error(503, "unavailable", "starting")?.isRetryable == true)
        #expect(try await error(500, "internal", "")?.code == .unavailable)
        #expect(try await error(401, "", "")?.description.contains(PrometheusEndpoint.tokenVariable) == true)
        #expect(try await error(429, "", "too many")?.isRetryable == true)
    }

    @Test(
        "takes no answer that is none of a Prometheus",
        arguments: [
            "", "<html>", "{}", "[]", #"{"status":"success"}"#, #"{"status":"success","data":[]}"#,
            #"{"status":"success","data":{"resultType":"cube","result":[]}}"#,
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#,
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1e300,"1"]}]}}"#,
            #"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"1"]}]}}"#,
            #"{"status":"error"}"#,
        ])
    func noPrometheus(body: String) async throws {
        guard case .failure(let error) = try await ask(.json(body)) else {
            Issue.record("it was taken")
            return
        }
        #expect(error.code == .unexpected && error.description.contains("check its URL"))
    }

    @Test("follows no redirect, and finds no API where there is none")
    func elsewhere() async throws {
        let target = HTTPTestAnswer(status: 307, headers: [("location", "http://127.0.0.1:1/")])
        for answer in [target, HTTPTestAnswer(status: 404)] {
            guard case .failure(let error) = try await ask(answer) else {
                Issue.record("it was taken")
                return
            }
            #expect(error.code == .unavailable && error.description.contains("URL"))
        }
    }

    @Test("waits no longer than the time of its URL")
    func silence() async throws {
        guard case .failure(let error) = try await ask(.silence, options: "?timeout=50ms") else {
            Issue.record("it was answered")
            return
        }
        #expect(error.code == .timedOut)
    }

    @Test("says that a connection was cut, and that nobody is there")
    func noConnection() async throws {
        guard case .failure(let cut) = try await ask(.cut) else { return }
        #expect(cut.code == .unavailable && cut.isRetryable)
        let endpoint = try PrometheusEndpoint("http://ann:secret@127.0.0.1:1", environment: [:])
        try await PrometheusClient.with(endpoint) { client in
            let error = await storeError { try await client.query(expression) }
            #expect(error?.code == .unavailable)
            #expect(
                error?.description.contains("127.0.0.1:1") == true && error?.description.contains("secret") == false)
        }
    }

    @Test("ends when its task is cancelled")
    func cancelled() async throws {
        try await HTTPTestServer.with { _ in
            .silence
        } body: { server in
            let endpoint = try PrometheusEndpoint(server.url, environment: [:])
            let code = try await PrometheusClient.with(endpoint) { client in
                await withTaskGroup(of: StoreError.Code?.self) { group in
                    group.addTask { await storeError { try await client.query(expression) }?.code }
                    while server.record.connections == 0 { await Task.yield() }
                    group.cancelAll()
                    return await group.next() ?? nil
                }
            }
            #expect(code == .cancelled)
        }
    }

    @Test("posts a form, with who asks and further headers, and a time to the millisecond")
    func request() async throws {
        let answer = success(#"{"resultType":"vector","result":[]}"#)
        try await HTTPTestServer.with { request in
            #expect(request.method == "POST" && request.path == "/prefix/api/v1/query")
            #expect(request.header("content-type") == "application/x-www-form-urlencoded")
            #expect(request.header("user-agent")?.hasPrefix("millrace") == true)
            #expect(request.header("authorization") == "Bearer abc" && request.header("x-scope-orgid") == "one")
            #expect(
                String(decoding: request.body, as: UTF8.self)
                    == "query=m%7Ba%3D%22%20%26%2B%C3%A9%22%7D&time=1700000000.123")
            return answer
        } body: { server in
            let endpoint = try PrometheusEndpoint(
                server.url + "/prefix/",
                environment: [
                    PrometheusEndpoint.tokenVariable: "abc", PrometheusEndpoint.headersVariable: "X-Scope-OrgID=one",
                ])
            let selector = SeriesSelector(MetricName(stored: "m"), [.equal(LabelName(stored: "a"), " &+é")])
            try await PrometheusClient.with(endpoint) { client in
                let answer = try await client.query(VectorExpression(selector), at: time)
                #expect(answer.result == .vector([]))
            }
            #expect(server.record.requests == 1)
        }
    }
}
