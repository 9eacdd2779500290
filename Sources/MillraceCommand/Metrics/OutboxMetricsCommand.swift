internal import ArgumentParser
internal import Millrace

/// `millrace metrics outbox`.
struct OutboxMetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Show what waits on the disk for a Prometheus server, and what it refused.",
        discussion: """
            Each process that measures has a log of its own, beside the store; one that a process left behind is sent by \
            any other on this host. A line says of all its samples how many the server has taken, how many wait, and how \
            many will never be sent, and why: too_old, overflow (no room), rejected, quarantined (the server failed on \
            them for ever), out_of_order, invalid, damaged. What the server refused is kept, and listed below.
            """)

    @OptionGroup var stored: StoredMetrics

    @Flag(help: "One JSON object a line, a line a log.")
    var json = false

    func run() async throws {
        try await stored.with { millrace, console in
            let reports = try await millrace.outboxes()
            if json {
                for report in reports { try Listing.write(Summary(report)) }
                return
            }
            var table = TextTable("LOG", "STATE", "BYTES", "ENQUEUED", "TAKEN", "WAITING", "DROPPED", "WAITS SINCE")
            for report in reports { table.add(Self.row(report)) }
            Listing.write(table)
            var refused = TextTable("REFUSED", "LOG", "SAMPLES", "WHY", "STATUS", "ANSWER", "SERIES")
            for report in reports {
                for batch in report.quarantine { refused.add(Self.row(batch, of: report)) }
            }
            Listing.write(refused)
            if reports.isEmpty { console.note("Nothing was ever measured for a Prometheus server here.") }
        }
    }

    private static func row(_ report: OutboxReport) -> [String] {
        let accounting = report.accounting
        let dropped = accounting.dropped.filter { $0.value > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
        return [
            "\(report.slot)", report.isOpen ? "open" : "left", "\(report.bytes)", "\(accounting.enqueued)",
            "\(accounting.acknowledged)", "\(accounting.pending)", dropped,
            report.shards.compactMap(\.oldestPending).min().map(Listing.text) ?? "",
        ]
    }

    private static func row(_ batch: QuarantinedBatch, of report: OutboxReport) -> [String] {
        [
            Listing.text(batch.time), "\(report.slot)", "\(batch.sampleCount)", batch.reason.rawValue,
            batch.status.map { "\($0)" } ?? "", shortened(batch.answer), named(batch.series),
        ]
    }

    /// As much of an answer as leaves room for what it is about; all of it is in the JSON.
    private static func shortened(_ answer: String) -> String {
        let line = answer.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 100 ? line.prefix(99) + "…" : line
    }

    private static func named(_ series: [MetricSeries]) -> String {
        guard let first = series.first else { return "" }
        return series.count == 1 ? first.description : "\(first) and \(series.count - 1) more"
    }

    private struct Summary: Encodable {
        struct Refused: Encodable {
            let time: String
            let samples: Int
            let reason: String
            let status: Int?
            let answer: String
            let series: [String]
        }

        let log: Int
        let open: Bool
        let bytes: Int
        let enqueued: Int
        let acknowledged: Int
        let pending: Int
        let dropped: [String: Int]
        let oldestPending: String?
        let quarantine: [Refused]

        init(_ report: OutboxReport) {
            log = report.slot
            open = report.isOpen
            bytes = report.bytes
            enqueued = report.accounting.enqueued
            acknowledged = report.accounting.acknowledged
            pending = report.accounting.pending
            dropped = Dictionary(uniqueKeysWithValues: report.accounting.dropped.map { ($0.key.rawValue, $0.value) })
            oldestPending = report.shards.compactMap(\.oldestPending).min().map(Listing.text)
            quarantine = report.quarantine.map {
                Refused(
                    time: Listing.text($0.time), samples: $0.sampleCount, reason: $0.reason.rawValue, status: $0.status,
                    answer: $0.answer, series: $0.series.map(\.description))
            }
        }
    }
}
