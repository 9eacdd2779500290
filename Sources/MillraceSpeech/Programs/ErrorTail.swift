/// The end of what a program wrote to its standard error, fit for a message of one line.
struct ErrorTail: Sendable {
    /// Bytes kept while the program runs.
    private static let kept = 4_096
    /// Characters shown.
    private static let shown = 500

    private var bytes: [UInt8] = []

    /// Takes the next bytes and forgets the first when there are too many.
    mutating func append(_ more: some Collection<UInt8>) {
        bytes += more.suffix(Self.kept)
        if bytes.count > 2 * Self.kept { bytes.removeFirst(bytes.count - Self.kept) }
    }

    /// The last lines, joined by ` | `, without control characters; empty when nothing was written.
    var line: String {
        let text = String(decoding: bytes.suffix(Self.kept), as: UTF8.self)
        var lines: [String] = []
        var room = Self.shown
        for line in text.split(whereSeparator: \.isNewline).reversed() {
            let clean = Self.clean(line)
            if clean.isEmpty { continue }
            if lines.isEmpty {
                lines.append(String(clean.suffix(room)))
            } else if clean.count + 3 <= room {
                lines.append(clean)
            } else {
                break
            }
            room -= clean.count + 3
        }
        return lines.reversed().joined(separator: " | ")
    }

    private static func clean(_ line: Substring) -> String {
        var scalars = String.UnicodeScalarView()
        var isEscape = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                isEscape = true
            } else if isEscape {
                // A colour or cursor sequence ends with its first letter.
                isEscape = !(scalar.properties.isAlphabetic && scalar.isASCII)
            } else {
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: scalars.append(" ")
                default: scalars.append(scalar)
                }
            }
        }
        return String(scalars).split(separator: " ").joined(separator: " ")
    }
}
