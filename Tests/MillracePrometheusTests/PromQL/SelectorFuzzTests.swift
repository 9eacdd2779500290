import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePrometheus

@Suite("Selectors of names and texts that somebody else chose", .timeLimit(.minutes(10)))
struct SelectorFuzzTests {
    @Test("are one selector to the real server, the one that was asked for")
    func oneSelector() async throws {
        try await PrometheusLab.with { lab in
            var random = TestSeed.generator()
            for _ in 0..<600 {
                let selector = RandomQuery.selector(using: &random)
                try await expectOne(selector, lab)
            }
        }
    }

    @Test("are so for every word of PromQL, as metric and as label", arguments: RandomQuery.words)
    func words(word: String) async throws {
        try await PrometheusLab.with { lab in
            try await expectOne(SeriesSelector(MetricName(word)), lab)
            try await expectOne(SeriesSelector(MetricName(word), [.equal(LabelName(word), word)]), lab)
            // What cannot be grouped by is refused before it is sent.
            let group = Result { try VectorExpression(SeriesSelector(MetricName("m"))).sum(by: [LabelName(word)]) }
            if case .success(let expression) = group {
                #expect(try await lab.client.formatted(expression) == "sum by (\(word)) (m)")
            } else {
                #expect(["inf", "nan", "without"].contains(word.lowercased()))
            }
        }
    }

    @Test("of every metric have a condition that is not empty")
    func everyMetric() async throws {
        try await PrometheusLab.with { lab in
            let selector = SeriesSelector(nil, labels: try MetricLabels(["a": "\"}"]))
            let text = try await lab.client.formatted(VectorExpression(selector))
            #expect(text == #"{__name__=~".+",a="\"}"}"#)
        }
    }

    @Test("choose the series with that very value, and with values that begin with it, whatever it is")
    func values() async throws {
        try await PrometheusLab.with { lab in
            var random = TestSeed.generator()
            let (name, label, now) = (try ownMetric(), try LabelName("value"), PrometheusLab.now)
            var texts: [[Unicode.Scalar]: String] = [:]
            while texts.count < 40 {
                let text = RandomQuery.text(using: &random)
                guard !text.isEmpty, !text.unicodeScalars.contains("\0") else { continue }
                texts[Array(text.unicodeScalars)] = text
            }
            try await lab.write(
                texts.values.map { text in
                    MetricSample(MetricSeries(name, try MetricLabels(["value": text])), 1, at: now)
                })
            func found(_ matcher: LabelMatcher) async throws -> Set<[Unicode.Scalar]> {
                let answer = try await lab.client.query(VectorExpression(SeriesSelector(name, [matcher])), at: now)
                guard case .vector(let values) = answer.result else { return [] }
                return Set(values.compactMap { $0.labels.all["value"].map { Array($0.unicodeScalars) } })
            }
            let all = Set(texts.keys)
            for (scalars, text) in texts {
                #expect(try await found(.equal(label, text)) == [scalars])
                #expect(try await found(.oneOf(label, [text, "none"])) == [scalars])
                #expect(try await found(.notEqual(label, text)) == all.subtracting([scalars]))
                #expect(try await found(.beginning(label, with: text)) == all.filter { $0.starts(with: scalars) })
            }
        }
    }

    private func expectOne(
        _ selector: SeriesSelector, _ lab: PrometheusLab, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let text = try await lab.client.formatted(VectorExpression(selector))
        let written = try #require(WrittenSelector(text), "\(selector) became \(text)", sourceLocation: sourceLocation)
        #expect(written.name == selector.name?.text, sourceLocation: sourceLocation)
        // The server writes them in an order of its own.
        let asked = selector.matchers.map {
            WrittenSelector.Condition(
                label: $0.label.text, operation: $0.operation.rawValue, value: Array($0.value.unicodeScalars))
        }.sorted()
        #expect(written.conditions.sorted() == asked, "\(selector) became \(text)", sourceLocation: sourceLocation)
    }
}
