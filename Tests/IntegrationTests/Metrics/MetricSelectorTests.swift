import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCommand

@Suite struct MetricSelectorTests {
    @Test(
        arguments: [
            ("up", "up", [:]),
            (" a:b ", "a:b", [:]),
            ("jobs_total{}", "jobs_total", [:]),
            (#"jobs{status="QUEUED"}"#, "jobs", ["status": "QUEUED"]),
            (#"jobs { status = "QUEUED" , queue="a,b}" , }"#, "jobs", ["status": "QUEUED", "queue": "a,b}"]),
            (#"m{l="a\"b\\c\nd"}"#, "m", ["l": "a\"b\\c\nd"]),
        ] as [(String, String, [String: String])])
    func `a selector is read as PromQL reads it`(text: String, name: String, tags: [String: String]) throws {
        let selector = try MetricSelector(text)
        #expect(selector.name.text == name)
        #expect(selector.tags == (try MetricLabels(tags)))
    }

    @Test(
        arguments: [
            ("", "metric name"), ("{a=\"b\"}", "metric name"), ("a-b", "metric name"), ("9a", "metric name"),
            ("a b", "nothing behind it"), ("a{b=\"c\"}[5m]", "nothing behind it"), ("sum(a)", "for Prometheus itself"),
            (#"rate(a{b="c"}[5m])"#, "for Prometheus itself"),
            (#"a{b!="c"}"#, "other matches"), (#"a{b=~"c"}"#, "other matches"), ("a{b}", "other matches"),
            ("a{b=c}", "other matches"), (#"a{"b"="c"}"#, "label name"), (#"a{__name__="c"}"#, "label name"),
            (#"a{b="c"#, "quotation mark"), (#"a{b="c\"#, #"behind a \"#), (#"a{b="\x41"}"#, #"behind a \"#),
            (#"a{b="c""#, "closing }"), (#"a{b="c" d="e"}"#, "closing }"), (#"a{b="c"} or z"#, "nothing behind it"),
            (#"a{b="c",b="d"}"#, "twice"), (#"a{b=""}"#, "empty"), (#"a{,}"#, "label name"),
        ])
    func `what is no selector is refused, and says why`(text: String, reason: String) {
        #expect { try MetricSelector(text) } throws: { error in
            guard let error = error as? InvalidValue else { return false }
            return "\(error.kind) \(error.reason)".contains(reason)
        }
    }

    @Test func `what a series is called selects that series, whatever its labels hold`() throws {
        var random = TestSeed.generator()
        let pieces = ["a", "\\", "\"", "\n", "{", "}", ",", "=", "~", " ", "é", "🎧", "\t", "n", "=\"x\"}"]
        for _ in 0..<2_000 {
            var tags: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let value = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                    pieces[Int.random(in: 0..<pieces.count, using: &random)]
                }
                tags["l\(Int.random(in: 0..<9, using: &random))"] = value.joined()
            }
            let series = MetricSeries(try MetricName("m:\(random.next() % 99)"), try MetricLabels(tags))
            let selector = try MetricSelector(series.description)
            #expect(MetricSeries(selector.name, selector.tags) == series)
        }
    }
}
