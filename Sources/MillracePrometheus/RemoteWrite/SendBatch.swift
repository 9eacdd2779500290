internal import MillraceCore

/// Blocks of one shard that are sent together, and what becomes of each series in them.
///
/// A single block goes out as it is. When there are several, when series are to go apart, or some samples are too old, it is
/// read once.
struct SendBatch {
    /// What has become of a block's samples; sums up to all of them in the end.
    private struct Tally {
        var acknowledged = 0
        var tooOld = 0
        var quarantined: [OutboxQuarantined] = []
    }

    /// A field of a block, without what is too old of it.
    private struct Piece {
        let block: Int
        let field: SeriesFields.Field
        var firstFresh = 0

        var sampleCount: Int { field.samples.count - firstFresh }
    }

    /// The blocks, oldest first.
    let blocks: [OutboxBlock]
    private var tallies: [Tally]
    /// What is in the blocks, once it was read.
    private var contents: [[UInt8]] = []
    /// The pieces of each series, by its number; `nil` until it was read.
    private var series: [[Piece]]?
    private var labels: [[UInt8]] = []
    /// The last piece of each series that was taken apart from others.
    private var taken: [Int: Piece] = [:]

    /// Puts blocks together; only the first of them when one cannot be read.
    init(_ blocks: [OutboxBlock]) {
        self.init(all: blocks)
        if blocks.count > 1, read() == nil { self.init(all: Array(blocks.prefix(1))) }
    }

    private init(all blocks: [OutboxBlock]) {
        self.blocks = blocks
        tallies = Array(repeating: Tally(), count: blocks.count)
    }

    /// The first of these blocks, as many as have no series in common.
    ///
    /// A request may have been stored though its answer never came. It can be sent again then, as long as each of its samples
    /// is the newest of its series: Prometheus takes that for the same, but refuses all of it for an older one.
    static func joinable(_ blocks: [OutboxBlock]) -> [OutboxBlock] {
        guard blocks.count > 1 else { return blocks }
        var seen: Set<[UInt8]> = []
        var count = 0
        for block in blocks {
            guard let content = block.content, let fields = SeriesFields.read(content) else { break }
            let labels = fields.map { Array(content[$0.labels]) }
            guard count == 0 || seen.isDisjoint(with: labels) else { break }
            seen.formUnion(labels)
            count += 1
        }
        return Array(blocks.prefix(max(1, count)))
    }

    /// The time of the oldest sample.
    var oldest: Timestamp? { blocks.map(\.oldest).min() }

    /// Reads the blocks, if that was not done yet.
    ///
    /// - Returns: how many series there are; `nil` when a block cannot be read.
    mutating func read() -> Int? {
        if let series { return series.count }
        var numbers: [[UInt8]: Int] = [:]
        var series: [[Piece]] = []
        var contents: [[UInt8]] = []
        for (index, block) in blocks.enumerated() {
            guard let content = block.content, let fields = SeriesFields.read(content),
                fields.reduce(0, { $0 + $1.samples.count }) == block.sampleCount
            else { return nil }
            contents.append(content)
            for field in fields {
                let labels = Array(content[field.labels])
                let number = numbers[labels] ?? series.count
                if number == series.count {
                    numbers[labels] = number
                    series.append([])
                    self.labels.append(labels)
                }
                series[number].append(Piece(block: index, field: field))
            }
        }
        self.series = series
        self.contents = contents
        return series.count
    }

    /// The labels of a series, as they are sent; `nil` when the blocks were not read.
    func labels(of number: Int) -> [UInt8]? { labels.indices.contains(number) ? labels[number] : nil }

    /// The numbers of the series with some labels; the blocks must have been read.
    func numbers(where isWanted: ([UInt8]) -> Bool) -> Set<Int> {
        Set(labels.indices.filter { isWanted(labels[$0]) })
    }

    /// Leaves out samples from before a time, of what is not settled yet.
    ///
    /// - Returns: the series of which nothing is left.
    mutating func dropOlder(than limit: Timestamp) -> Set<Int> {
        guard var series else { return [] }
        let limit = SeriesEncoder.milliseconds(of: limit)
        var gone: Set<Int> = []
        for number in series.indices where !series[number].isEmpty {
            for index in series[number].indices {
                let piece = series[number][index]
                let fresh = piece.field.samples.firstIndex { $0.time >= limit } ?? piece.field.samples.count
                guard fresh > piece.firstFresh else { continue }
                tallies[piece.block].tooOld += fresh - piece.firstFresh
                series[number][index].firstFresh = fresh
            }
            series[number].removeAll { $0.sampleCount == 0 }
            if series[number].isEmpty { gone.insert(number) }
        }
        self.series = series
        return gone
    }

    /// The compressed body of a request with these series, or all that are left, and how many samples it has.
    func body(of numbers: [Int]?) -> (bytes: [UInt8], samples: Int) {
        guard let series else { return blocks.first.map { ($0.body, $0.sampleCount) } ?? ([], 0) }
        // The pieces of a series lie in the order of their blocks, and so stay in the order of time.
        let pieces = (numbers ?? Array(series.indices)).flatMap { series[$0] }
        return (SnappyBlock.compress(bytes(of: pieces)), pieces.reduce(0) { $0 + $1.sampleCount })
    }

    /// Notes that series, or all that are left, were taken.
    mutating func acknowledge(_ numbers: [Int]?) {
        guard series != nil else {
            for index in blocks.indices { tallies[index].acknowledged = blocks[index].sampleCount }
            return
        }
        for number in numbers ?? [] { taken[number] = series?[number].last }
        for piece in take(numbers) { tallies[piece.block].acknowledged += piece.sampleCount }
    }

    /// The compressed body of a request that sends the newest sample of a series again that was taken, and how many samples it has.
    func repetition(of number: Int) -> (bytes: [UInt8], samples: Int) {
        guard var piece = taken[number] else { return ([], 0) }
        piece.firstFresh = piece.field.samples.count - 1
        return (SnappyBlock.compress(bytes(of: [piece])), 1)
    }

    /// Notes that series, or all that are left, will not be sent any more.
    mutating func refuse(_ numbers: [Int]?, _ reason: OutboxDropReason, status: Int?, answer: String) {
        guard read() != nil else {
            for index in blocks.indices {
                tallies[index].quarantined = [
                    OutboxQuarantined(
                        sampleCount: blocks[index].sampleCount, body: blocks[index].body, reason: reason,
                        status: status, answer: answer)
                ]
            }
            return
        }
        for (block, pieces) in Dictionary(grouping: take(numbers), by: \.block) {
            tallies[block].quarantined.append(
                OutboxQuarantined(
                    sampleCount: pieces.reduce(0) { $0 + $1.sampleCount },
                    body: bytes(of: pieces),
                    reason: reason, status: status, answer: answer))
        }
    }

    /// What has become of the blocks, once nothing is left.
    var settlements: [OutboxSettlement] {
        zip(blocks, tallies).map { block, tally in
            OutboxSettlement(
                block, acknowledged: tally.acknowledged,
                dropped: tally.tooOld == 0 ? [:] : [.tooOld: tally.tooOld],
                quarantined: tally.quarantined)
        }
    }

    /// Takes the pieces of series, or of all that are left, out of what is to be sent.
    private mutating func take(_ numbers: [Int]?) -> [Piece] {
        guard let all = series else { return [] }
        let numbers = numbers ?? Array(all.indices)
        for number in numbers { series?[number] = [] }
        return numbers.flatMap { all[$0] }
    }

    /// Each piece as a field of its own, one behind the other.
    private func bytes(of pieces: [Piece]) -> [UInt8] {
        var bytes: [UInt8] = []
        for piece in pieces {
            let content = contents[piece.block]
            guard piece.firstFresh > 0 else {
                bytes += content[piece.field.range]
                continue
            }
            let samples = piece.field.samples[piece.firstFresh...]
            guard let first = samples.first, let last = samples.last else { continue }
            let rest = first.range.lowerBound..<last.range.upperBound
            bytes.append(WireField.timeSeries)
            Varint.append(UInt64(piece.field.labels.count + rest.count), to: &bytes)
            bytes += content[piece.field.labels]
            bytes += content[rest]
        }
        return bytes
    }
}
