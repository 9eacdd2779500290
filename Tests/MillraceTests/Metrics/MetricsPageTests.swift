import Foundation
import MillraceCore
import Testing

@Suite("The page of metrics", .timeLimit(.minutes(5)))
struct MetricsPageTests {
    /// A row as the page has it.
    private static func row(_ definition: MetricDefinition, _ labels: [String]) -> String {
        let list = labels.map { "`\($0)`" }.joined(separator: ", ")
        return "| `\(definition.name)` | \(definition.kind.rawValue) | \(list) | \(definition.help) |"
    }

    @Test("lists every metric with its kind, its labels and what it says, and no other")
    func rows() throws {
        let page = try MetricPages.text("docs/metrics.md")
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `millrace_") }.map(String.init)
        let wanted = MetricPages.all.map { Self.row($0.definition, $0.labels) }
        for row in wanted where !rows.contains(row) { Issue.record("docs/metrics.md lacks: \(row)") }
        for row in rows where !wanted.contains(row) { Issue.record("docs/metrics.md has what is no metric: \(row)") }
        #expect(rows.count == Set(rows).count)
    }

    @Test("asks only for what there is")
    func questions() throws {
        let rows = try MetricPages.text("docs/metrics.md").split(separator: "\n").filter { $0.hasSuffix("` |") }
        let queries = rows.map { $0.replacingOccurrences(of: "\\|", with: "|") }
        #expect(queries.count >= 5)
        for query in queries { #expect(MetricPages.strangers(in: query) == []) }
    }

    @Test("metrics are named as Prometheus wants it: by the base unit, and counters by their total")
    func names() throws {
        for (definition, labels) in MetricPages.all {
            let name = definition.name.text
            _ = try MetricName(name)
            for label in labels { _ = try LabelName(label) }
            #expect(name.hasPrefix("millrace_"))
            #expect(name.hasSuffix("_total") == (definition.kind == .counter), "\(name)")
            if let unit = definition.unit {
                #expect(["seconds", "bytes"].contains(unit))
                #expect(name.hasSuffix("_\(unit)") || name.hasSuffix("_\(unit)_total"), "\(name)")
            }
            #expect(!definition.help.isEmpty && definition.help.hasSuffix("."))
            #expect((definition.buckets != nil) == (definition.kind == .histogram))
            #expect(!labels.contains { $0 == "id" || $0.hasSuffix("_id") })
        }
        #expect(Set(MetricPages.all.map(\.definition.name)).count == MetricPages.all.count)
    }
}
