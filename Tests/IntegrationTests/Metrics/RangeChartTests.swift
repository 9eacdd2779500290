import Foundation
import MillraceCore
import Testing

@testable import MillraceCommand

@Suite struct RangeChartTests {
    private static let start = Timestamp(microseconds: 1_767_225_600_000_000)

    /// A series that has these values at the first steps of a range, `nil` for none.
    private func chart(
        _ values: [Double?], steps: Int? = nil, width: Int, height: Int = 1, name: String = "m"
    ) throws -> [String] {
        let range = try TimeRange(
            from: Self.start, to: Self.start + .seconds((steps ?? values.count) - 1), step: .seconds(1))
        let points = values.enumerated().compactMap { index, value in
            value.map { TimestampedValue($0, at: Self.start + .seconds(index)) }
        }
        let series = MetricTimeSeries(MetricSeries(MetricName(stored: name)), points)
        return RangeChart(series, range: range, width: width, height: height).text
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
    }

    @Test func `each step is as high as its value, and a step without one is empty`() throws {
        let lines = try chart([0, 1, 2, 3, nil, 5, 6, 7, nil, 8], width: 14)
        #expect(lines == ["m", "8 ┤▁▁▂▃ ▅▆▇ █"])
    }

    @Test func `rows stand upon each other, the greatest and the least value beside them`() throws {
        let lines = try chart([0, 4, 8, 12, 16, 12, 8, 4, 0, 0], width: 15, height: 2)
        #expect(lines == ["m", "16 ┤   ▄█▄", " 0 ┤▁▄█████▄▁▁"])
    }

    @Test func `of several steps in a column the greatest is drawn`() throws {
        let lines = try chart((0..<1_000).map { $0 == 555 ? 100 : 0 }, width: 16)
        #expect(lines == ["m", "100 ┤▁▁▁▁▁█▁▁▁▁"])
    }

    @Test func `a few steps fill the width`() throws {
        let lines = try chart([1, 2, nil, 4], width: 16)
        #expect(lines == ["m", "4 ┤▁▁▁▃▃▃   ███"])
    }

    @Test(arguments: [(5.0, "5 ┤██████████", "0"), (0, "1 ┤▁▁▁▁▁▁▁▁▁▁", "0"), (-3, "0 ┤", "-3")])
    func `a value that never changes stands on zero`(value: Double, line: String, low: String) throws {
        let lines = try chart(Array(repeating: value, count: 10), width: 13 + (low.count - 1), height: 2)
        #expect(lines[1].trimmingCharacters(in: .whitespaces).hasPrefix(String(line.prefix(3))))
        #expect(lines[2].trimmingCharacters(in: .whitespaces).hasPrefix(low))
        if value > 0 { #expect(lines[1] == line) }
    }

    @Test func `the times are at the edges when there is room, and no line is wider than the terminal`() throws {
        for width in [20, 60, 80, 200] {
            let lines = try chart(
                (0..<500).map { Double($0) }, width: width, height: 8, name: String(repeating: "long_name", count: 25))
            #expect(lines.allSatisfy { $0.count <= width }, "\(width)")
            let name = (225 + width - 1) / width
            #expect(lines.prefix(name).joined() == String(repeating: "long_name", count: 25))
            #expect(lines.count == name + (width > 44 ? 9 : 8))
            if width > 44 {
                let times = try #require(lines.last)
                #expect(times.contains("2026-01-01T00:00:00Z") && times.hasSuffix("2026-01-01T00:08:19Z"))
            }
        }
    }

    @Test func `numbers that are not finite are drawn within the chart, or not at all`() throws {
        let lines = try chart([0, .infinity, -.infinity, .nan, 8, 8, 8, 8, 8, 8], width: 13)
        #expect(lines == ["m", "8 ┤▁█▁ ██████"])
        #expect(try chart([.nan], steps: 10, width: 13) == ["m", "1 ┤"])
    }
}

@Suite struct MetricNumberTests {
    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (3, "3"), (0.25, "0.25"), (-1.5, "-1.5"), (1e300, "1e+300"), (.nan, "NaN"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (9_007_199_254_740_991, "9007199254740991"),
        ] as [(Double, String)])
    func `a number is as short as it can be`(value: Double, text: String) {
        #expect(MetricNumber.text(value) == text)
        #expect(value.isNaN || Double(text.replacing("Inf", with: "infinity")) == value)
    }

    @Test func `at the edge of a chart four digits count`() {
        #expect(MetricNumber.short(123_456) == "123456")
        #expect(MetricNumber.short(0.123_456_789) == "0.1235")
        #expect(MetricNumber.short(1_234_567_890) == "1.235e+09")
    }
}

@Suite struct RangeOptionsTests {
    @Test(arguments: [("2026-05-01T08:30:00Z", 0), ("2026-05-01T10:30:00+02:00", 0), ("2026-05-01T08:30:00.250Z", 250)])
    func `a time is read in ISO 8601`(text: String, milliseconds: Int64) throws {
        let point = try #require(PointInTime(argument: text))
        #expect(point.time == Timestamp(microseconds: 1_777_624_200_000_000 + milliseconds * 1_000))
    }

    @Test func `a day begins at midnight`() {
        #expect(PointInTime(argument: "2026-05-01")?.time == Timestamp(microseconds: 1_777_593_600_000_000))
    }

    @Test(arguments: [
        "", "now", "yesterday", "2026-13-01", "01.05.2026", "08:30", "2026-13-01T08:30:00Z", "1777624200",
    ])
    func `what is no time is refused`(text: String) {
        #expect(PointInTime(argument: text) == nil)
    }

    @Test func `a range has a thousand steps at the most, unless they are asked for`() throws {
        for (length, step) in [(60, 1), (900, 1), (3_600, 5), (86_400, 120), (604_800, 900), (315_360_000, 316_800)] {
            let chosen = RangeOptions.step(for: .seconds(length))
            #expect(chosen == .seconds(step))
            #expect(length / step <= 1_000)
        }
    }
}
