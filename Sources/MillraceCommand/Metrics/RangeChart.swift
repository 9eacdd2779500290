internal import Foundation
internal import Millrace

/// How a series went, drawn with blocks: a column for a stretch of time as high as its greatest value, and an empty one where
/// there is none.
struct RangeChart {
    private static let blocks: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The name of the series, the chart between its greatest and its least value, and the times at its edges; each line no
    /// wider than was asked for.
    let text: String

    /// Draws a chart; no fewer than ten columns wide, however narrow the terminal.
    init(_ series: MetricTimeSeries, range: TimeRange, width: Int, height: Int) {
        let finite = series.values.map(\.value).filter(\.isFinite)
        let (low, high) = Self.scale(finite)
        let (top, bottom) = (MetricNumber.short(high), MetricNumber.short(low))
        let edge = max(top.count, bottom.count)
        let columns = Self.columns(of: series, in: range, count: max(10, width - edge - 3))
        var lines = Self.wrapped(OneLine.of(series.series.description), width)
        for row in (0..<height).reversed() {
            let label = row == height - 1 ? top : row == 0 ? bottom : ""
            let bar = columns.map { value in
                value.map { Self.block(of: $0, between: low, and: high, row: row, of: height) } ?? " "
            }
            lines.append(Self.flushRight(label, edge) + (label.isEmpty ? " │" : " ┤") + String(bar))
        }
        let (start, end) = (Listing.text(range.start), Listing.text(range.end))
        let blanks = columns.count - start.count - end.count
        if blanks > 0 {
            lines.append(String(repeating: " ", count: edge + 2) + start + String(repeating: " ", count: blanks) + end)
        }
        text = lines.map { Self.trimmed($0) + "\n" }.joined()
    }

    /// A name may be longer than a line, and the label that tells series apart be its last.
    private static func wrapped(_ name: String, _ width: Int) -> [String] {
        var (lines, rest) = ([String](), name[...])
        while !rest.isEmpty {
            lines.append(String(rest.prefix(max(1, width))))
            rest = rest.dropFirst(max(1, width))
        }
        return lines
    }

    /// The values at the bottom and at the top; a chart of one value alone stands on zero.
    private static func scale(_ values: [Double]) -> (low: Double, high: Double) {
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        if low < high { return (low, high) }
        return low == 0 ? (0, 1) : (min(0, low), max(0, high))
    }

    /// The greatest value of each column; `nil` where there is none.
    private static func columns(of series: MetricTimeSeries, in range: TimeRange, count: Int) -> [Double?] {
        var columns: [Double?] = Array(repeating: nil, count: count)
        let (steps, step) = (range.stepCount, range.step.wholeMicroseconds)
        for point in series.values where !point.value.isNaN {
            // What an adapter aligns may begin a step before the range.
            let index = min(max(0, Int((point.time - range.start).wholeMicroseconds / step)), steps - 1)
            let first = index * count / steps
            for column in first..<max(first + 1, (index + 1) * count / steps) {
                columns[column] = max(columns[column] ?? -.infinity, point.value)
            }
        }
        return columns
    }

    /// What of a column stands in a row; the least value is seen as well.
    private static func block(
        of value: Double, between low: Double, and high: Double, row: Int, of height: Int
    ) -> Character {
        let most = height * 8
        let share = min(max((value - low) / (high - low), 0), 1)
        let eighths = max(1, Int((share * Double(most)).rounded()))
        return blocks[min(max(eighths - row * 8, 0), 8)]
    }

    private static func flushRight(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
