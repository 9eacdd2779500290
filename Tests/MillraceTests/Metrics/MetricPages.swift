import Foundation
import MillraceCore
import MillracePrometheus

/// What `docs/` says of metrics, and which metrics there are.
enum MetricPages {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        .standardized

    /// A file of the repository.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Every metric with the names of its labels.
    static let all: [(definition: MetricDefinition, labels: [String])] =
        (MillraceMetrics.all + RemoteWriteMetrics.all).map { ($0.definition, $0.labels.map(\.text)) }
        + MetricRefusal.allCases.map { ($0.definition, []) }

    /// The labels that the program gives to all series.
    static let commonLabels: Set = ["job", "instance", "store"]

    /// The labels that each series may have, by its name.
    static let series: [String: Set<String>] = all.reduce(into: [:]) { series, metric in
        let (name, labels) = (metric.definition.name.text, commonLabels.union(metric.labels))
        guard metric.definition.kind == .histogram else {
            series[name] = labels
            return
        }
        series["\(name)_bucket"] = labels.union(["le"])
        series["\(name)_sum"] = labels
        series["\(name)_count"] = labels
    }

    /// What is wrong with the names in a query: series that nobody makes, and labels that theirs do not have.
    static func strangers(in query: String) -> [String] {
        var strangers: [String] = []
        for match in query.matches(of: /\b(millrace_\w+)(?:\{([^}]*)\})?/) {
            let name = String(match.output.1)
            guard let labels = series[name] else {
                strangers.append(name)
                continue
            }
            for label in (match.output.2 ?? "").matches(of: /(\w+)\s*(?:=~|!~|!=|=)\s*"/) {
                let label = String(label.output.1)
                if !labels.contains(label) { strangers.append("\(name){\(label)}") }
            }
        }
        // A grouping by what none of the series has would put all together.
        let known = query.matches(of: /\b(millrace_\w+)/).compactMap { series[String($0.output.1)] }
        for grouping in query.matches(of: /\bby \(([^)]*)\)/) {
            for label in grouping.output.1.split(separator: ",") {
                let label = label.trimmingCharacters(in: .whitespaces)
                if !known.allSatisfy({ $0.contains(label) }) { strangers.append("by (\(label)): \(query)") }
            }
        }
        return strangers
    }

    /// Runs promtool.
    ///
    /// - Returns: what it printed; `nil` when all was well.
    static func complaint(of words: String...) async throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["promtool"] + words
        let output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let file = try FileHandle(forWritingTo: output)
        (process.standardOutput, process.standardError) = (file, file)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        let said = try String(contentsOf: output, encoding: .utf8)
        return process.terminationStatus == 0 ? nil : said
    }
}
