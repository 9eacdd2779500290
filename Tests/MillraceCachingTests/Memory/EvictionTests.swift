import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

@Suite struct EvictionTests {
    let now = ManualClock.standardStart

    private func insert(_ name: String, into contents: inout MemoryContents) {
        let made = entry(name, at: now)
        contents.insert(made, until: made.expiresAt, at: now)
    }

    @Test func `what is in use survives a scan of values used once`() {
        var contents = MemoryContents(maximumEntries: 100, maximumBytes: 1 << 20)
        let hot = (0..<50).map { "hot-\($0)" }
        for _ in 0..<3 {
            for name in hot where contents.hit(key(name), at: now) == nil { insert(name, into: &contents) }
        }
        for number in 0..<10_000 { insert("scan-\(number)", into: &contents) }
        #expect(hot.allSatisfy { contents.hit(key($0), at: now) != nil })
        #expect(contents.count == 100)
    }

    @Test func `a key that comes back soon after it was given up is kept longer than a new one`() {
        var contents = MemoryContents(maximumEntries: 20, maximumBytes: 1 << 20)
        for number in 0..<21 { insert("\(number)", into: &contents) }
        #expect(contents.hit(key("0"), at: now) == nil)
        insert("0", into: &contents)
        for number in 100..<130 { insert("\(number)", into: &contents) }
        #expect(contents.hit(key("0"), at: now) != nil)
    }

    @Test func `what has expired makes room before it is counted as given up`() {
        var contents = MemoryContents(maximumEntries: 2, maximumBytes: 1 << 20)
        let old = entry("old", at: now, for: .seconds(1))
        contents.insert(old, until: old.expiresAt, at: now)
        insert("a", into: &contents)
        let later = now + .seconds(2)
        let new = entry("b", at: later)
        contents.insert(new, until: new.expiresAt, at: later)
        #expect(contents.count == 2 && contents.evictions == 0)
        #expect(contents.hit(key("a"), at: later) != nil)
    }

    @Test(arguments: [0, 2])
    func `giving up a value costs no more where there are many`(lookups: Int) {
        // What was looked up twice goes on to the main queue, and is given up from there.
        var (few, many) = (filled(100, lookups), filled(200_000, lookups))
        var (least, most) = (Duration.seconds(1_000), Duration.seconds(1_000))
        // The shortest of several: what else this machine does makes some longer, and none shorter.
        for round in 0..<20 {
            let names = (0..<200).map { "new-\(round)-\($0)" }
            least = min(least, ContinuousClock().measure { for name in names { insert(name, into: &few) } })
            most = min(most, ContinuousClock().measure { for name in names { insert(name, into: &many) } })
        }
        #expect(few.evictions == 4_000 && many.evictions == 4_000)
        #expect(most < least * 10, "\(most) of \(many.count) entries, \(least) of \(few.count)")
    }

    private func filled(_ count: Int, _ lookups: Int) -> MemoryContents {
        var contents = MemoryContents(maximumEntries: count, maximumBytes: 1 << 30)
        for number in 0..<count {
            insert("\(number)", into: &contents)
            for _ in 0..<lookups { _ = contents.hit(key("\(number)"), at: now) }
        }
        return contents
    }

    @Test func `nothing grows without bound, whatever is asked for`() {
        var random = SeededGenerator(seed: TestSeed.value)
        var contents = MemoryContents(maximumEntries: 100, maximumBytes: 1 << 20)
        for _ in 0..<100_000 {
            let name = "\(Int.random(in: 0..<1_000, using: &random))"
            switch Int.random(in: 0..<10, using: &random) {
            case 0: _ = contents.remove(key(name), at: now)
            case 1...4: insert(name, into: &contents)
            default: if contents.hit(key(name), at: now) == nil { insert(name, into: &contents) }
            }
        }
        // At most twice the live places and 16, in the queues of the values and in that of the ghosts.
        #expect(contents.queueLength <= 2 * (2 * 100 + 16), "seed \(TestSeed.value)")
    }

    @Test(arguments: 0..<10)
    func `gives up what a plain telling of S3-FIFO gives up`(run: UInt64) {
        var random = SeededGenerator(seed: TestSeed.value &+ run)
        let size = Int.random(in: 10...200, using: &random)
        var contents = MemoryContents(maximumEntries: size, maximumBytes: 1 << 30)
        var model = PlainS3FIFO(size: size)
        for step in 0..<20_000 {
            // Some keys are asked for much oftener than others.
            let number = Int(Double(size * 5) * Double.random(in: 0..<1, using: &random).squared)
            let found = contents.hit(key("\(number)"), at: now) != nil
            #expect(found == model.access(number), "seed \(TestSeed.value), run \(run), step \(step)")
            if !found { insert("\(number)", into: &contents) }
        }
    }

    @Test func `all of a neighbourhood can be removed at once`() {
        var contents = MemoryContents(maximumEntries: 10, maximumBytes: 1 << 20)
        for name in ["a1", "a2", "b1"] { insert(name, into: &contents) }
        #expect(contents.removeAll(at: now) { $0.key.text.hasPrefix("a") } == 2)
        #expect(contents.hit(key("b1"), at: now) != nil)
        contents.removeAll()
        #expect(contents.count == 0 && contents.bytes == 0 && contents.queueLength == 0)
    }
}

/// S3-FIFO as the paper tells it, on arrays: slow and plain.
private struct PlainS3FIFO {
    let size: Int
    var small: [Int] = []
    var main: [Int] = []
    var ghosts: [Int] = []
    var frequency: [Int: Int] = [:]

    init(size: Int) {
        self.size = size
    }

    /// Whether the key was there; it is afterwards.
    mutating func access(_ key: Int) -> Bool {
        if let count = frequency[key] {
            frequency[key] = min(3, count + 1)
            return true
        }
        let isGhost = ghosts.contains(key)
        ghosts.removeAll { $0 == key }
        while small.count + main.count >= size {
            if small.count >= max(1, size / 10) || main.isEmpty { evictSmall() } else { evictMain() }
        }
        if isGhost { main.append(key) } else { small.append(key) }
        frequency[key] = 0
        return false
    }

    private mutating func evictSmall() {
        let held = small.count + main.count
        let front = small.removeFirst()
        if frequency[front, default: 0] > 1 {
            frequency[front] = 0
            main.append(front)
        } else {
            frequency[front] = nil
            ghosts.append(front)
            ghosts.removeFirst(max(0, ghosts.count - max(1, held * 9 / 10)))
        }
    }

    private mutating func evictMain() {
        let front = main.removeFirst()
        if frequency[front, default: 0] > 0 {
            frequency[front, default: 0] -= 1
            main.append(front)
        } else {
            frequency[front] = nil
        }
    }
}

extension Double {
    fileprivate var squared: Double { self * self }
}
