/// Rows of text in columns, as wide as what stands in them.
struct TextTable {
    let heading: [String]
    private(set) var rows: [[String]] = []

    init(_ heading: String...) {
        self.heading = heading
    }

    /// Adds a row, which has a cell for each column; control characters become `?`.
    mutating func add(_ cells: [String]) {
        rows.append(cells.map { $0.isEmpty ? "-" : OneLine.of($0) })
    }

    /// The heading and the rows, one a line, cut to a width where there is one; empty without rows.
    func text(width: Int? = nil) -> String {
        guard !rows.isEmpty else { return "" }
        let all = [heading] + rows
        let widths = heading.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                // The last one ends the line, so that a long text costs no blanks in all the others.
                line += column == row.count - 1 ? cell : cell.padding(to: widths[column] + 2)
            }
            return (width.map { String(line.prefix($0)) } ?? line) + "\n"
        }.joined()
    }
}

extension String {
    /// The text with blanks behind it.
    fileprivate func padding(to length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
