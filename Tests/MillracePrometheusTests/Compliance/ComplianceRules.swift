import MillraceCore
import MillracePrometheus
import SwiftProtobuf
import TestServers

/// What remote write 1.0 says of every request of a sender.
enum ComplianceRules {
    private static let headers = [
        "content-encoding": "snappy", "content-type": "application/x-protobuf",
        "x-prometheus-remote-write-version": "0.1.0",
    ]

    /// What is wrong with requests; empty when nothing is. No request at all is wrong too.
    static func violations(_ requests: [ComplianceReceiver.Request]) -> [String] {
        var violations = requests.isEmpty ? ["nothing was sent"] : []
        for request in requests {
            if request.request.method != "POST" { violations.append("method \(request.request.method)") }
            for (name, value) in headers where request.request.header(name) != value {
                violations.append("\(name): \(request.request.header(name) ?? "missing")")
            }
            if request.request.header("user-agent")?.wholeMatch(of: #/[^\s/]+/\S+/#) == nil {
                violations.append("user-agent: \(request.request.header("user-agent") ?? "missing")")
            }
            guard let content = request.content else {
                violations.append("the body is not a WriteRequest in a block of snappy")
                continue
            }
            if !content.unknownFields.data.isEmpty { violations.append("fields that 1.0 does not have") }
            if content.timeseries.isEmpty { violations.append("a request without series") }
            for series in content.timeseries { violations += self.violations(series) }
        }
        return violations + order(requests)
    }

    private static func violations(_ series: Prometheus_TimeSeries) -> [String] {
        var violations: [String] = []
        let names = series.labels.map(\.name)
        if zip(names, names.dropFirst()).contains(where: { !$0.utf8.lexicographicallyPrecedes($1.utf8) }
        ) {
            violations.append("labels unsorted or repeated: \(names)")
        }
        for label in series.labels {
            if label.value.isEmpty { violations.append("label \(label.name) is empty") }
            let isName =
                label.name == "__name__"
                ? label.value.wholeMatch(of: #/[a-zA-Z_:][a-zA-Z0-9_:]*/#) != nil
                : label.name.wholeMatch(of: #/[a-zA-Z_][a-zA-Z0-9_]*/#) != nil
                    && !label.name.hasPrefix("__")
            if !isName { violations.append("name \(label.name), \(label.value)") }
        }
        if !names.contains("__name__") { violations.append("a series without a name") }
        if series.samples.isEmpty { violations.append("a series without samples") }
        if !series.unknownFields.data.isEmpty
            || series.labels.contains(where: { !$0.unknownFields.data.isEmpty })
            || series.samples.contains(where: { !$0.unknownFields.data.isEmpty })
        {
            violations.append("fields that 1.0 does not have")
        }
        for sample in series.samples where sample.value.isNaN {
            if ![0x7FF0_0000_0000_0002, 0x7FF8_0000_0000_0001].contains(sample.value.bitPattern) {
                violations.append("NaN with the bits \(sample.value.bitPattern)")
            }
        }
        return violations
    }

    /// Samples of a series come in the order of their times, what was taken once.
    private static func order(_ requests: [ComplianceReceiver.Request]) -> [String] {
        var last: [String: Int64] = [:]
        var violations: [String] = []
        for request in requests where request.isTaken {
            for sample in request.samples {
                if let time = last[sample.series], time >= sample.time {
                    violations.append("\(sample.series) at \(sample.time) after \(time)")
                }
                last[sample.series] = sample.time
            }
        }
        return violations
    }
}
