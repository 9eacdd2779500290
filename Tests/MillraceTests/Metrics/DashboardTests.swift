import Foundation
import MillraceCore
import Testing

@Suite("The dashboard and the alerts", .timeLimit(.minutes(5)))
struct DashboardTests {
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable {
                let expr: String
            }

            struct Place: Decodable {
                let x: Int, y: Int, w: Int, h: Int
            }

            let id: Int
            let title: String
            let gridPos: Place
            let targets: [Target]?
        }

        let panels: [Panel]

        var queries: [String] { panels.flatMap { $0.targets ?? [] }.map(\.expr) }
    }

    private let dashboard: Dashboard
    private let rules: String

    init() throws {
        let text = try MetricPages.text("docs/metrics/dashboard.json")
        dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(text.utf8))
        rules = try MetricPages.text("docs/metrics/alerts.yml")
    }

    @Test("the dashboard asks only for what there is, and shows every metric")
    func dashboardNames() {
        for query in dashboard.queries { #expect(MetricPages.strangers(in: query) == []) }
        let shown = Set(dashboard.queries.flatMap { $0.matches(of: /millrace_\w+/).map { String($0.output) } })
        for name in MetricPages.all.map(\.definition.name.text) {
            let series = [name, "\(name)_bucket", "\(name)_sum", "\(name)_count"]
            #expect(!shown.isDisjoint(with: series), "\(name) is on no panel")
        }
    }

    @Test("what every worker of a store says is never mixed with what those of another store say")
    func stores() {
        let names = [MillraceMetrics.queueDepth, MillraceMetrics.oldestQueued].map(\.name)
        let expressions = dashboard.queries + rules.matches(of: /\n\s+expr: (.+)\n/).map { String($0.output.1) }
        let ofStores = expressions.filter { text in
            names.contains { text.contains("\($0){") || text.contains("\($0))") }
        }
        #expect(ofStores.count == 3)
        for text in ofStores { #expect(text.contains("max by (store, queue"), "\(text)") }
    }

    @Test("panels have numbers of their own, and none lies over another")
    func panels() {
        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
        var taken: Set<[Int]> = []
        for panel in dashboard.panels {
            let place = panel.gridPos
            #expect(place.x + place.w <= 24, "\(panel.title)")
            for x in place.x..<place.x + place.w {
                for y in place.y..<place.y + place.h { #expect(taken.insert([x, y]).inserted, "\(panel.title)") }
            }
        }
    }

    @Test("the queries of the dashboard are PromQL")
    func dashboardQueries() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("queries.yml")
        let rules = dashboard.queries.enumerated().map { number, query in
            let query = query.replacingOccurrences(of: "$__rate_interval", with: "5m")
                .replacingOccurrences(of: "$instance", with: ".*")
            // A text of JSON is one of YAML.
            return "  - {record: \"query:\(number)\", expr: \(Self.quoted(query))}"
        }
        try "groups:\n- name: dashboard\n  rules:\n\(rules.joined(separator: "\n"))\n"
            .write(to: file, atomically: true, encoding: .utf8)
        #expect(try await MetricPages.complaint(of: "check", "rules", file.path) == nil)
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }

    @Test("the rules are good, ask only for what there is, and say what to do")
    func ruleNames() async throws {
        let path = MetricPages.root.appendingPathComponent("docs/metrics/alerts.yml").path
        #expect(try await MetricPages.complaint(of: "check", "rules", path) == nil)
        for rule in rules.components(separatedBy: "- alert: ") { #expect(MetricPages.strangers(in: rule) == []) }
        let alerts = rules.matches(of: /- alert: (\w+)/).count
        #expect(rules.matches(of: /\n\s+summary:/).count == alerts)
        #expect(rules.matches(of: /\n\s+action:/).count == alerts)
    }

    @Test("each rule fires when it should, and does not when it should not")
    func ruleTests() async throws {
        let path = MetricPages.root.appendingPathComponent("docs/metrics/alerts.test.yml").path
        #expect(try await MetricPages.complaint(of: "test", "rules", path) == nil)
        let tests = try MetricPages.text("docs/metrics/alerts.test.yml")
        for alert in rules.matches(of: /- alert: (\w+)/).map(\.output.1) {
            let cases = tests.components(separatedBy: "alertname: \(alert)\n").dropFirst()
            #expect(cases.contains { $0.hasPrefix("        exp_alerts: []") }, "\(alert) never stays silent")
            #expect(cases.contains { $0.hasPrefix("        exp_alerts:\n") }, "\(alert) never fires")
        }
    }

    @Test("a rule that never fires, or that always does, is found by the tests of the rules")
    func brokenRules() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let tests = try MetricPages.text("docs/metrics/alerts.test.yml")
        try tests.write(to: folder.appendingPathComponent("alerts.test.yml"), atomically: true, encoding: .utf8)
        for bound in ["> 1e9", "> -1"] {
            let broken = rules.replacing(/> [0-9.]+\n/, with: "\(bound)\n")
            #expect(broken != rules)
            try broken.write(to: folder.appendingPathComponent("alerts.yml"), atomically: true, encoding: .utf8)
            let complaint = try await MetricPages.complaint(
                of: "test", "rules", folder.appendingPathComponent("alerts.test.yml").path)
            #expect(complaint != nil, "nobody notices rules with \(bound)")
        }
    }
}
