import Foundation
import MillraceCore
import Testing

@Suite struct MetricDefinitionCodingTests {
    @Test func `A definition is the same when it has been written down and read`() throws {
        let name = try MetricName("a_seconds")
        for definition in [
            try MetricDefinition(name, .counter, help: "Counts \"things\"."),
            try MetricDefinition(name, .gauge, unit: "bytes"),
            try MetricDefinition(histogram: name, unit: "seconds", buckets: HistogramBuckets([-1, 1e-7, 0.1, 1e21])),
        ] {
            let text = try JSONText(encoding: [definition])
            #expect(try text.decode([MetricDefinition].self) == [definition])
        }
    }

    @Test(arguments: [
        #"{"name":"a b","kind":"gauge"}"#, #"{"name":"a","kind":"summary"}"#, #"{"name":"a","kind":"histogram"}"#,
        #"{"name":"a","kind":"histogram","buckets":[2,1]}"#, #"{"kind":"gauge"}"#,
    ])
    func `What was never a definition is refused`(text: String) throws {
        let text = try JSONText(text)
        #expect(throws: InvalidValue.self) { try text.decode(MetricDefinition.self) }
    }

    @Test func `Series are in the order of their bytes`() throws {
        let name = try MetricName("a")
        let labels = try [
            [:], ["b": "A"], ["b": "a"], ["b": "a", "c": ""], ["b": "a", "c": "1"], ["b": "é"], ["c": "0"],
        ]
        .map { try MetricLabels($0) }
        #expect(labels.reversed().sorted() == labels)
        let series = labels.map { MetricSeries(name, $0) } + [MetricSeries(try MetricName("b"))]
        #expect(series.reversed().sorted() == series)
        #expect(labels.map(\.byName).map { try? MetricLabels($0) } == labels)
    }
}
