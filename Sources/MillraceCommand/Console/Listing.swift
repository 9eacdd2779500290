internal import Foundation
internal import Millrace

/// How results of commands are written: a table for people, one JSON object a line for programs.
enum Listing {
    /// Writes a table to standard output, cut to the width of the terminal if it is one.
    static func write(_ table: TextTable) {
        FileDescriptor.standardOutput.writeAll(table.text(width: FileDescriptor.standardOutput.terminalWidth))
    }

    /// Writes a JSON object on a line of its own.
    ///
    /// `documents` are JSON texts that become members beside those of the value.
    static func write(_ value: some Encodable, with documents: [(name: String, document: JSONText?)] = []) throws {
        var line = try JSONText(encoding: value).text
        for case (let name, let document?) in documents {
            // A line end cannot stand in a JSON string, so what is taken out is only layout.
            let flat = document.text.split(whereSeparator: \.isNewline).joined(separator: " ")
            line = "\(line.dropLast()),\"\(name)\":\(flat)}"
        }
        FileDescriptor.standardOutput.writeAll(line + "\n")
    }

    /// Writes facts as lines of name and value, leaving out those that there are not.
    static func write(_ facts: [(name: String, value: String?)]) {
        let known = facts.filter { $0.value != nil }
        let width = known.map(\.name.count).max() ?? 0
        let lines = known.map { name, value in
            "\(name):\(String(repeating: " ", count: width - name.count + 2))\(OneLine.of(value ?? ""))\n"
        }
        FileDescriptor.standardOutput.writeAll(lines.joined())
    }

    /// A time in UTC as ISO 8601 has it, to the second.
    static func text(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.microseconds) / 1_000_000).formatted(.iso8601)
    }

    /// A length of time as people say it.
    static func text(_ duration: Duration) -> String {
        let seconds = Int(max(0, duration.inSeconds))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}
