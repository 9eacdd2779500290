import Foundation
import Testing

/// A cast, and what may go wrong for it.
struct CacheScenario: CustomTestStringConvertible {
    let cast: String
    let fault: String
    let model: CacheModel

    init(_ cast: (name: String, cast: CacheModel.Cast), _ fault: (name: String, faults: Faults), without: Guard? = nil)
    {
        self.cast = cast.name
        self.fault = fault.name
        model = CacheModel(cast.cast, fault.faults, guards: without.map { .all(but: $0) } ?? .all)
    }

    var testDescription: String { "\(cast), \(fault)" }

    /// Runs it, and adds a line to the table that the tests print.
    func run(without missing: Guard? = nil) async -> ModelChecker<CacheModel>.Report {
        let report = await ModelChecker(model: model).report()
        let counts = [CacheModel.prompt, CacheModel.shared, CacheModel.answers, CacheModel.bounded].map {
            "\(report.broken[$0] ?? 0)"
        }
        let name = missing.map { "without \($0): \(testDescription)" } ?? testDescription
        print("| \(name) | \(report.states) | \(report.ends) | \(counts.joined(separator: " | ")) |")
        return report
    }
}

extension CacheScenario {
    typealias NamedCast = (name: String, cast: CacheModel.Cast)
    typealias NamedFaults = (name: String, faults: Faults)

    static let pair: NamedCast = ("1 writer, 1 reader, 2 follows", .init(writers: [0], readers: [1], follows: [1, 1]))
    static let alone: NamedCast = ("1 writer, 1 follow", .init(writers: [0], readers: [], follows: [0, 1]))
    static let crowd: NamedCast = ("2 writers, 2 readers", .init())
    static let house: NamedCast = (
        "1 writer, 2 readers, one on its node, 1 follow", .init(writers: [0], readers: [0, 1], follows: [1, 0])
    )
    static let desk: NamedCast = (
        "2 writers and 1 reader on one node, 1 follow", .init(writers: [0, 0], readers: [0], follows: [1, 0])
    )
    static let load: NamedCast = ("1 writer, 2 loads", .init(writers: [0], readers: [0, 1], isLoading: true))
    static let loadPair: NamedCast = (
        "1 writer, 1 load, 2 follows", .init(writers: [0], readers: [1], follows: [1, 1], isLoading: true)
    )
    static let rule: NamedCast = (
        "1 invalidation, 1 reader, 2 follows", .init(writers: [], readers: [1], invalidator: 0, follows: [1, 1])
    )
    static let ruleAndWriter: NamedCast = (
        "1 invalidation, 1 writer, 1 reader, 1 follow",
        .init(writers: [1], readers: [1], invalidator: 0, follows: [0, 1])
    )
    /// For long runs.
    static let crowdAndFollow: NamedCast = ("2 writers, 2 readers, 1 follow", .init(follows: [0, 1]))

    static let nothing: NamedFaults = ("no fault", Faults())
    static let crash: NamedFaults = ("1 crash", Faults(crashes: 1))
    static let crashes: NamedFaults = ("2 crashes", Faults(crashes: 2))
    static let eviction: NamedFaults = ("slot evicted", Faults(slotEvictions: 1))
    static let expiry: NamedFaults = ("mark or lease expires early", Faults(earlyExpiries: 1))
    static let crashAndEviction: NamedFaults = ("crash and eviction", Faults(crashes: 1, slotEvictions: 1))
    static let outage: NamedFaults = ("1 command to Redis fails", Faults(outages: 1))
    static let outages: NamedFaults = ("2 commands to Redis fail", Faults(outages: 2))
    static let flush: NamedFaults = ("FLUSHALL", Faults(flushes: 1))
    static let cursor: NamedFaults = ("cursor evicted", Faults(journalEvictions: 1))
    static let cursorAndOutages: NamedFaults = (
        "cursor evicted and 2 commands fail", Faults(journalEvictions: 1, outages: 2)
    )
    static let cursorAndCrash: NamedFaults = ("cursor evicted, and a crash", Faults(crashes: 1, journalEvictions: 1))
    static let message: NamedFaults = ("message lost", Faults(lostMessages: 1))
    static let trim: NamedFaults = ("the log is trimmed", Faults(trims: 1))
    static let trimAndOutages: NamedFaults = (
        "the log is trimmed and 2 commands fail", Faults(outages: 2, trims: 1)
    )
    static let memory: NamedFaults = ("memory evicts", Faults(memoryEvictions: 1))
    static let unknown: NamedFaults = ("outcome of a write unknown", Faults(unknownWrites: 1))
    static let comeback: NamedFaults = ("Redis comes back older", Faults(comebacks: 1))
    static let comebackAndCrash: NamedFaults = (
        "Redis comes back older, and a crash", Faults(crashes: 1, comebacks: 1)
    )

    static let single = [
        nothing, crash, crashes, eviction, expiry, crashAndEviction, outage, outages, flush, cursor, message, memory,
        unknown, comeback, trim,
    ]

    /// What every run of the tests checks.
    static let standard: [CacheScenario] =
        single.map { CacheScenario(pair, $0) } + [cursorAndOutages, trimAndOutages].map { CacheScenario(alone, $0) }
        + [nothing, crash, crashes, eviction, expiry].map { CacheScenario(crowd, $0) }
        + [nothing, memory, crashAndEviction].map { CacheScenario(house, $0) }
        + [nothing, crash, memory].map { CacheScenario(desk, $0) }
        + [nothing, crashes, crashAndEviction, outages, unknown, comeback].map { CacheScenario(load, $0) }
        + [nothing, crash].map { CacheScenario(loadPair, $0) }
        + [nothing, crash, crashAndEviction, outages, flush, cursorAndCrash, comeback].map { CacheScenario(rule, $0) }
        + [nothing, crash].map { CacheScenario(ruleAndWriter, $0) }

    /// What is checked besides with `MILLRACE_LONG=1`: minutes, and gigabytes.
    static let long: [CacheScenario] = {
        guard ProcessInfo.processInfo.environment["MILLRACE_LONG"] == "1" else { return [] }
        let many = single + [cursorAndOutages, trimAndOutages, comebackAndCrash]
        let small = [house, desk, loadPair, rule, ruleAndWriter].flatMap { cast in
            many.map { CacheScenario(cast, $0) }
        }
        let pairs = [cursorAndOutages, trimAndOutages, comebackAndCrash].map { CacheScenario(pair, $0) }
        let crowds = [crashAndEviction, outage, flush, unknown].map { CacheScenario(crowd, $0) }
        return small + pairs + crowds + [CacheScenario(crowdAndFollow, nothing)]
    }()
}
