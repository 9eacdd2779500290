import Foundation
import TestServers
import Testing

/// Where the metrics of a test are kept, as the options that lead there.
enum MetricsKeeper: String, CaseIterable, CustomTestStringConvertible {
    case file, prometheus

    var testDescription: String { rawValue }

    /// How much of the example is transcribed; it takes a while.
    var part: [String] { ["--end", self == .file ? "60" : "25"] }

    func options() async throws -> [String] {
        switch self {
        case .file: []
        case .prometheus: ["--prometheus", try await PrometheusServer.shared.url()]
        }
    }
}

@Suite(.bounded) struct MetricsCommandTests {
    private struct Line: Decodable {
        struct Point: Decodable {
            let time: Double
            let value: Double

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                time = try container.decode(Double.self)
                value = try container.decode(Double.self)
            }
        }

        let series: String
        let name: String
        let labels: [String: String]
        let values: [Point]?
    }

    private struct Number: Decodable {
        let name: String
        let labels: [String: String]
        let percentile: Double?
        let value: Double
    }

    private func lines(_ ending: Ending) throws -> [Line] {
        try ending.output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    /// The label by which a store's series differ from those of all others.
    private func store(of place: Workplace) async throws -> String {
        struct Info: Decodable {
            let id: String
        }
        let info = try await place.millrace(["store", "info", "--json"])
        return String(try JSONDecoder().decode(Info.self, from: Data(info.output.utf8)).id.prefix(8))
    }

    /// Has what a process had no time to send at its end be sent by the next.
    private func sendRest(in place: Workplace, _ keeping: [String]) async throws {
        try await place.millrace(["worker", "--command", "cksum"] + keeping) { worker in
            try await eventually("it works") { try worker.errors().contains("Working on") }
            worker.send(SIGTERM)
        }
    }

    @Test(arguments: MetricsKeeper.allCases)
    func `what a run of the example did can be asked for`(keeper: MetricsKeeper) async throws {
        try await Workplace.with { place in
            let keeping = try await keeper.options()
            let run = try await place.millrace(
                ["transcribe", Recordings.example, "--chunk-seconds", "10", "--format", "json"] + keeper.part + keeping)
            #expect(run.status == 0 && run.errors.contains("chunks"), "\(run.errors)")
            let chunks = try #require(run.transcripts().first).chunks.total
            let ours = "{store=\"\(try await store(of: place))\"}"
            // As many as there were, at the end, one by one over the time of the run.
            var series: Line?
            try await eventually("the last value is there") {
                let range = try await place.millrace(
                    [
                        "metrics", "range", "millrace_chunk_seconds_count\(ours)", "--step", "1s", "--last", "30m",
                        "--json",
                    ] + keeping)
                series = try lines(range).first { $0.values?.last?.value == Double(chunks) }
                if series == nil { try await sendRest(in: place, keeping) }
                return series != nil
            }
            let counted = try #require(series)
            #expect(counted.labels["engine"] == "pocketsphinx" && counted.labels["job"] == "millrace")
            #expect(counted.labels["instance"]?.hasSuffix(":0") == true)
            let counts = try #require(counted.values).map(\.value)
            #expect(counts == counts.sorted(), "\(counts)")
            let percentile = try await place.millrace(
                ["metrics", "percentile", "millrace_chunk_seconds\(ours)", "95"] + keeping)
            let seconds = try #require(Double(percentile.output.dropLast()), "\(percentile.errors)")
            #expect(seconds > 0 && seconds < 600)
            let json = try await place.millrace(
                ["metrics", "percentile", "millrace_chunk_seconds\(ours)", "50", "--json"] + keeping)
            let median = try JSONDecoder().decode(Number.self, from: Data(json.output.utf8))
            #expect(median.name == "millrace_chunk_seconds" && median.percentile == 50)
            #expect(median.value > 0 && median.value <= seconds)
            // It has ended, so that nothing is measured now.
            try await eventually("it has ended") {
                let now = try await place.millrace(["metrics", "query", counted.name + ours] + keeping)
                return now.status == 1 && now.errorLines.count == 1 && now.errors.contains("has no value now")
            }
            let listed = try await place.millrace(["metrics", "series", "millrace_chunk_seconds_sum\(ours)"] + keeping)
            #expect(listed.output == counted.series.replacing("_count", with: "_sum") + "\n")
        }
    }

    @Test func `stores that share a Prometheus are asked for one by one`() async throws {
        let keeping = ["--prometheus", try await PrometheusServer.shared.url()]
        var names: [String] = []
        for _ in 0..<2 {
            try await Workplace.with { place in
                let file = try Recordings.bursts(2, in: place)
                try await place.millrace(["transcribe", file, "--command", "cksum"] + Recordings.burstChunks + keeping)
                let ours = try await store(of: place)
                let selector = "millrace_chunks_total{outcome=\"completed\"}"
                try await eventually("all of it is there") {
                    let listed = try await lines(place.millrace(["metrics", "series", selector, "--json"] + keeping))
                    #expect(listed.allSatisfy { $0.labels["store"] == ours })
                    let half = try await place.millrace(
                        ["metrics", "percentile", "millrace_chunk_seconds", "50"] + keeping)
                    if listed.isEmpty || half.status != 0 { try await sendRest(in: place, keeping) }
                    return !listed.isEmpty && half.status == 0
                }
                let range = try await place.millrace(
                    ["metrics", "range", selector, "--step", "1s", "--json"] + keeping)
                #expect(try Set(lines(range).map { $0.labels["store"] }) == [ours], "\(range.errors)")
                names.append(ours)
                // Also one of another store, when it is named.
                let first = "millrace_chunks_total{store=\"\(names[0])\"}"
                let named = try await lines(place.millrace(["metrics", "series", first, "--json"] + keeping))
                #expect(Set(named.map { $0.labels["store"] }) == [names[0]])
            }
        }
        #expect(Set(names).count == 2)
    }

    @Test func `workers are measured, each under a name of its own`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(3, in: place)
            let worker = ["worker", "--command", "cksum"]
            let job = try await place.millrace(
                ["transcribe", file, "--detach", "--command", "cksum"] + Recordings.burstChunks)
            let id = job.output.trimmingCharacters(in: .whitespacesAndNewlines)
            try await place.millrace(worker) { first in
                try await eventually("it works") { try first.errors().contains("Working on") }
                try await place.millrace(worker) { second in
                    // Else it might be told to end before it has begun.
                    try await eventually("the other works") { try second.errors().contains("Working on") }
                    try await eventually("it is done") { try await place.job(id).status == "COMPLETED" }
                    second.send(SIGTERM)
                }
                first.send(SIGTERM)
            }
            let listed = try await place.millrace(
                ["metrics", "series", "millrace_worker_leases_lost_total", "--json"])
            #expect(Set(try lines(listed).compactMap { $0.labels["instance"] }).count == 2, "\(listed.output)")
            let completed = "millrace_jobs_total{type=\"transcribe\",outcome=\"completed\"}"
            try await eventually("the job is counted") {
                let range = try await place.millrace(["metrics", "range", completed, "--step", "1s", "--json"])
                return try lines(range).contains { $0.values?.last?.value == 1 }
            }
        }
    }

    @Test func `a Prometheus that cannot be reached costs a run one line, and what was measured comes later`()
        async throws
    {
        try await PrometheusServer.with { server in
            try await Workplace.with { place in
                try await server.crash()
                let keeping = ["--prometheus", server.url()]
                func command(_ bursts: Int) throws -> [String] {
                    let file = try Recordings.bursts(bursts, in: place, name: "\(bursts).wav", seed: UInt64(bursts))
                    return ["transcribe", file, "--command", "cksum"] + Recordings.burstChunks + keeping
                }
                let run = try await place.millrace(command(2))
                let end = ContinuousClock.now
                #expect(run.status == 0 && !run.output.isEmpty)
                let lines = run.errorLines.filter { !$0.contains("chunks") }
                #expect(lines.count == 1 && lines[0].contains("Metrics are kept on the disk"), "\(run.errors)")
                #expect(run.errors.contains(server.url()))
                let asked = try await place.millrace(["metrics", "query", "millrace_chunks_total"] + keeping)
                #expect(asked.status == 1 && asked.errorLines.count == 1, "\(asked.errors)")
                let outbox = try await place.millrace(["metrics", "outbox"] + keeping)
                #expect(outbox.output.contains("left") && outbox.status == 0, "\(outbox.output)\(outbox.errors)")
                try await server.start()
                // Nobody takes the log of one that has ended within the last second.
                try await eventually("its log is free") { ContinuousClock.now - end > .seconds(1) }
                try await place.millrace(command(3))
                try await eventually("both have been counted") {
                    let counted = try await place.millrace(
                        ["metrics", "range", "millrace_chunks_total", "--step", "1s", "--json"] + keeping)
                    let values = Set(try self.lines(counted).flatMap { $0.values?.map(\.value) ?? [] })
                    let isCounted = values.isSuperset(of: [2, 3])
                    if !isCounted { try await sendRest(in: place, keeping) }
                    return isCounted
                }
            }
        }
    }

    @Test(
        arguments: [
            (["query", "a-b"], "metric name"), (["query", #"a{b!="c"}"#], "other matches"),
            (["query"], "Missing"), (["percentile", "a", "101"], "not between 0 and 100"),
            (["percentile", "a", "most"], "percentile"), (["percentile", #"a{le="5"}"#, "95"], "label le"),
            (["percentile", "a", "nan"], "percentile"),
            (["range", "a", "--last", "soon"], "--last"), (["range", "a", "--last", "0s"], "longer than nothing"),
            (["range", "a", "--step", "0s"], "longer than nothing"),
            (["range", "a", "--from", "yesterday"], "--from"),
            (["range", "a", "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"], "earlier than --to"),
            (["range", "a", "--from", "2026-01-02T00:00:00Z", "--last", "1h"], "exclude each other"),
            (["series", "--redis=redis://127.0.0.1"], "Unknown option"),
            (["outbox", "--redis", "redis://127.0.0.1"], "Unknown option"),
            (["range", "a", "--from", "2026-01-02", "--to", "2026-01-02T00:00:00Z"], "earlier than --to"),
            (["range", "a", "--from", "2026-13-02"], "--from"),
        ] as [([String], String)])
    func `what makes no sense is wrong usage, in one line`(arguments: [String], reason: String) async throws {
        try await Workplace.with { place in
            let ending = try await place.millrace(["metrics"] + arguments)
            #expect(ending.status == 64)
            #expect(ending.errorLines.count == 1 && ending.errors.contains(reason), "\(ending.errors)")
            #expect(!FileManager.default.fileExists(atPath: place.store))
        }
    }

    @Test(arguments: ["ftp://host", "localhost:9090", "http://", "http://host?colour=red"])
    func `a server that makes no sense is one clear line`(url: String) async throws {
        try await Workplace.with { place in
            for words in [["metrics", "series"], ["transcribe", Recordings.example], ["worker"]] {
                let ending = try await place.millrace(words + ["--prometheus", url])
                #expect(ending.status == 1 && ending.errorLines.count == 1, "\(ending.errors)")
                #expect(ending.errors.contains("Prometheus URL"), "\(ending.errors)")
            }
            let fromVariable = try await place.millrace(
                ["metrics", "series"], environment: ["MILLRACE_PROMETHEUS_URL": url])
            #expect(fromVariable.status == 1 && fromVariable.errors.contains("Prometheus URL"))
        }
    }

    @Test func `a run too short for the usual steps is seen, and who asks in vain is told why`() async throws {
        try await Workplace.with { place in
            let file = try Recordings.bursts(2, in: place)
            let run = try await place.millrace(
                ["transcribe", file, "--command", "cksum"] + Recordings.burstChunks)
            #expect(run.status == 0, "\(run.errors)")
            let selector = "millrace_chunks_total{outcome=\"completed\"}"
            // Until then the last step sees it.
            try await eventually("it has no value any more") {
                try await place.millrace(["metrics", "query", selector]).status == 1
            }
            let range = try await place.millrace(["metrics", "range", selector, "--last", "150m", "--json"])
            #expect(try lines(range).first?.values?.last?.value == 2, "\(range.errors)")
            for (words, reason) in [
                (["millrace_chunk_seconds_bucket", "95"], "without _bucket"),
                (["millrace_chunks_total", "95"], "is no histogram"),
                (["millrace_chunk_seconds", "0"], "first bucket"),
                (["millrace_nothing", "95"], "observed nothing"),
            ] {
                let asked = try await place.millrace(["metrics", "percentile"] + words)
                #expect(
                    asked.status == 1 && asked.errorLines.count == 1 && asked.errors.contains(reason), "\(asked.errors)"
                )
            }
            let share = try await place.millrace(["metrics", "percentile", "millrace_chunk_seconds", "0.95"])
            #expect(share.status == 0 && share.errors.contains("for 95 percent ask for 95"), "\(share.errors)")
        }
    }

    @Test func `where nothing was measured each command says so in one line`() async throws {
        try await Workplace.with { place in
            for words in [["query", "up"], ["range", "up"], ["percentile", "up", "95"]] {
                let ending = try await place.millrace(["metrics"] + words)
                #expect(ending.status == 1 && ending.output.isEmpty && ending.errorLines.count == 1, "\(words)")
                #expect(ending.errors.contains("see millrace metrics series"), "\(ending.errors)")
            }
            let series = try await place.millrace(["metrics", "series"])
            #expect(series.status == 0 && series.output.isEmpty && series.errors.hasPrefix("Nothing was measured"))
        }
    }
}
