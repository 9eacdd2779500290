internal import ArgumentParser
internal import Millrace

/// `millrace store check`.
struct StoreCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look for everything that is wrong in a store, a line each.",
        discussion: """
            The file, its indexes, rows that belong to nothing, plans that are not whole, counters, merges, statuses, \
            and decoded recordings that no run needs. Others may work on the store meanwhile.

            Exit status: 0 when nothing is wrong or all of it was mended, 1 otherwise.
            """)

    @OptionGroup var store: MaintainedStore

    @Flag(help: "Mend what follows from what is stored: indexes, counters, missing merges.")
    var repair = false

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() async throws {
        try await store.maintain { [repair, json] store, console in
            let findings = try await store.check(repair: repair)
            for finding in findings {
                let line = json ? try JSONText(encoding: Line(finding)).text : Self.line(finding)
                guard FileDescriptor.standardOutput.writeAll(line + "\n") else { break }
            }
            let open = findings.filter { $0.remedy != .mended }
            console.note(Self.summary(findings, open: open, path: store.location.description))
            return open.isEmpty ? .done : .failed
        }
    }

    private struct Line: Encodable {
        let kind: String
        let subject: String
        let message: String
        let remedy: String

        init(_ finding: StoreFinding) {
            kind = finding.kind.rawValue
            subject = finding.subject
            message = finding.message
            remedy = finding.remedy.rawValue
        }
    }

    private static func line(_ finding: StoreFinding) -> String {
        let end =
            switch finding.remedy {
            case .mended: " (mended)"
            case .mendable: " (--repair mends it)"
            case .none: ""
            }
        return OneLine.of("\(finding.kind.rawValue): \(finding)\(end)")
    }

    private static func summary(_ findings: [StoreFinding], open: [StoreFinding], path: String) -> String {
        if findings.isEmpty { return "\(path) is whole." }
        let mended = findings.count - open.count
        if findings.contains(where: { $0.kind == .damage }) {
            return "\(path) is damaged and nothing in it was mended; bring back a backup with millrace store restore."
        }
        return "\(path): \(findings.count) found, \(mended) mended, \(open.count) left."
    }
}
