enum CueTimes {
    /// Reads `from --> to`, each `H…H:MM:SS` and three digits behind the separator.
    static func parse(_ line: String, separator: Character) throws -> (start: Int64, end: Int64) {
        let sides = line.components(by: " --> ")
        guard sides.count == 2 else { throw ParseFailure("no time line: \(line)") }
        return (try clock(sides[0], separator), try clock(sides[1], separator))
    }

    private static func clock(_ text: String, _ separator: Character) throws -> Int64 {
        let halves = text.split(separator: separator, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, parts.count == 3, halves[1].count == 3, parts[0].count >= 2, parts[1].count == 2,
            parts[2].count == 2
        else { throw ParseFailure("no time: \(text)") }
        let numbers = (parts + [halves[1]]).compactMap { part in
            part.allSatisfy { ("0"..."9").contains($0) } ? Int64(part) : nil
        }
        guard numbers.count == 4, numbers[1] < 60, numbers[2] < 60 else { throw ParseFailure("no time: \(text)") }
        return ((numbers[0] * 60 + numbers[1]) * 60 + numbers[2]) * 1_000 + numbers[3]
    }
}

extension String {
    /// The lines as every reader of subtitles sees them: CR, LF and CR LF end one. Scalars, not characters, decide.
    var subtitleLines: [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in unicodeScalars {
            if scalar == "\n" || scalar == "\r" {
                if !(scalar == "\n" && previous == "\r") { lines.append(String(line)) }
                line = .init()
            } else {
                line.append(scalar)
            }
            previous = scalar
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    func components(by separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
