import MillraceCore
import MillraceTesting

/// Random samples of random series, and what of them may arrive.
///
/// The samples of a series come in the order of their times, but for one in a hundred, which is at a time that has been or
/// before it. Samples of different series come in any order.
struct RandomHistory {
    /// A sample as it goes over the wire.
    struct Point: Equatable {
        var milliseconds: Int64
        var bits: UInt64
    }

    /// How far back the oldest sample lies.
    static let span = Duration.seconds(50 * 60)

    /// All samples, in the order in which they are written.
    let samples: [MetricSample]
    /// What must arrive, by the bytes of the series, in order.
    let accepted: [[UInt8]: [Point]]
    /// How many must arrive.
    let acceptedCount: Int

    /// Draws so many samples, the newest at a time.
    init(seriesCount: Int, sampleCount: Int, newest: Timestamp, using random: inout SeededGenerator) throws {
        var drawn: Set<MetricSeries> = []
        while drawn.count < seriesCount { drawn.insert(try Self.series(using: &random)) }
        // In an order that the seed decides, as that of a set is not.
        let series = drawn.sorted { $0.fingerprint < $1.fingerprint }
        // Each series has one sample, and the others are given to any.
        var owners = Array(series.indices)
        while owners.count < sampleCount { owners.append(Int.random(in: series.indices, using: &random)) }
        owners.shuffle(using: &random)
        var times = Self.times(of: owners, seriesCount: seriesCount, newest: newest, using: &random)
        var samples: [MetricSample] = []
        samples.reserveCapacity(sampleCount)
        var accepted = [[Point]](repeating: [], count: seriesCount)
        var count = 0
        for owner in owners {
            var time = times[owner].removeLast()
            let last = accepted[owner].last?.milliseconds
            if let last, Int.random(in: 0..<100, using: &random) == 0 {
                let age = Int64.random(in: -999...5_000_000, using: &random)
                time = Timestamp(microseconds: last * 1_000) - .microseconds(age)
            }
            let sample = Self.sample(of: series[owner], at: time, using: &random)
            samples.append(sample)
            let point = Point(milliseconds: Self.milliseconds(time), bits: sample.value.bitPattern)
            if last.map({ $0 < point.milliseconds }) ?? true {
                accepted[owner].append(point)
                count += 1
            }
        }
        self.samples = samples
        self.accepted = Dictionary(uniqueKeysWithValues: zip(series.map(Self.bytes), accepted))
        acceptedCount = count
    }

    /// The bytes of labels in an order: names and values, each with a byte behind it that is in no text.
    static func bytes(_ labels: some Sequence<(name: String, value: String)>) -> [UInt8] {
        var bytes: [UInt8] = []
        for label in labels {
            for text in [label.name, label.value] {
                bytes.append(contentsOf: text.utf8)
                bytes.append(0xFF)
            }
        }
        return bytes
    }

    private static func bytes(_ series: MetricSeries) -> [UInt8] {
        let labels = series.labels.all.map { (name: $0.name.text, value: $0.value) }
        let all = labels + [(name: "__name__", value: series.name.text)]
        return bytes(all.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }

    /// The times of each series, the latest first; some of a series fall into one millisecond.
    private static func times(
        of owners: [Int], seriesCount: Int, newest: Timestamp, using random: inout SeededGenerator
    ) -> [[Timestamp]] {
        var times = [[Timestamp]](repeating: [], count: seriesCount)
        for owner in owners {
            let age = Int64.random(in: 0...span.wholeMicroseconds, using: &random)
            times[owner].append(newest - .microseconds(age))
        }
        for owner in times.indices { times[owner].sort(by: >) }
        return times
    }

    private static func milliseconds(_ time: Timestamp) -> Int64 {
        // Rounded down, also before 1970.
        (time.microseconds - ((time.microseconds % 1_000) + 1_000) % 1_000) / 1_000
    }
}

extension RandomHistory {
    private static let special: [Double] = [0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude]

    private static func sample(
        of series: MetricSeries, at time: Timestamp, using random: inout SeededGenerator
    ) -> MetricSample {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: .stale(series, at: time)
        case 1: MetricSample(series, special.randomElement(using: &random) ?? 0, at: time)
        case 2...10: MetricSample(series, Double(Int.random(in: -1_000...1_000_000, using: &random)), at: time)
        // Any bits, also those of numbers that are none.
        default: MetricSample(series, Double(bitPattern: random.next()), at: time)
        }
    }

    private static func series(using random: inout SeededGenerator) throws -> MetricSeries {
        let first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
        let name = word(first: first + ":", rest: first + ":0123456789", using: &random)
        var labels: [String: String] = [:]
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let label = word(first: first, rest: first + "0123456789", using: &random)
            guard !label.hasPrefix("__") else { continue }
            labels[label] = value(using: &random)
        }
        return MetricSeries(try MetricName(name), try MetricLabels(labels))
    }

    /// A name, one in a thousand as long as may be.
    private static func word(first: String, rest: String, using random: inout SeededGenerator) -> String {
        let isLong = Int.random(in: 0..<1_000, using: &random) == 0
        let count = isLong ? LabelName.maximumBytes : Int.random(in: 1...12, using: &random)
        let (first, rest) = (Array(first), Array(rest))
        var word = String(first.randomElement(using: &random) ?? "a")
        for _ in 1..<count { word.append(rest.randomElement(using: &random) ?? "a") }
        return word
    }

    /// A text of all that a label may hold, one in a thousand as long as may be; some are empty, which is no label.
    private static func value(using random: inout SeededGenerator) -> String {
        let isLong = Int.random(in: 0..<1_000, using: &random) == 0
        let limit = isLong ? MetricLabels.maximumValueBytes : Int.random(in: 0...24, using: &random)
        var (value, count) = (String.UnicodeScalarView(), 0)
        while true {
            let scalar = scalar(using: &random)
            count += String(scalar).utf8.count
            guard count <= limit else { return String(value) }
            value.append(scalar)
        }
    }

    private static func scalar(using random: inout SeededGenerator) -> Unicode.Scalar {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: "\\\"\n\r\t{}=,'`".unicodeScalars.randomElement(using: &random) ?? "\\"
        // Letters with an accent, and accents by themselves: texts that are equal for Swift and have other bytes.
        case 1: "e\u{301}\u{E9}\u{308}\u{F6}".unicodeScalars.randomElement(using: &random) ?? "e"
        case 2: Unicode.Scalar(UInt32.random(in: 1...0x10FFFF, using: &random)) ?? "\u{FFFD}"
        default: Unicode.Scalar(UInt8.random(in: 0x20...0x7E, using: &random))
        }
    }
}
