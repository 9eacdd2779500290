internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace cache stats`.
struct CacheStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show what the cache holds and how well it serves.",
        discussion: """
            Hits, misses and evictions are those of all processes that have used the store; one that runs reports every \
            ten seconds.
            """)

    @OptionGroup var stored: StoredCache

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Line: Encodable {
        struct Tier: Encodable {
            let hits: Int
            let misses: Int
            let evictions: Int
            let hitRatio: Double?
        }

        let l2Size: Int?
        let l3Count: Int
        let tiers: [String: Tier]

        init(_ stats: CacheStats) {
            l2Size = stats.l2Size
            l3Count = stats.l3Count
            tiers = Dictionary(
                uniqueKeysWithValues: stats.total.map { tier, counted in
                    (
                        tier.rawValue,
                        Tier(
                            hits: counted.hits, misses: counted.misses, evictions: counted.evictions,
                            hitRatio: counted.hitRatio.map { ($0 * 10_000).rounded() / 10_000 })
                    )
                })
        }
    }

    func run() async throws {
        try await stored.open { cache in
            let stats = try await cache.stats()
            let text = json ? try JSONText(encoding: Line(stats)).text : Self.table(stats)
            FileDescriptor.standardOutput.writeAll(text + "\n")
        }
    }

    private static func table(_ stats: CacheStats) -> String {
        let head = ["TIER", "HITS", "MISSES", "EVICTIONS", "HIT RATIO"]
        let rows = CacheTierName.allCases.compactMap { tier in
            stats.total[tier].map { counted in
                [
                    tier.rawValue, "\(counted.hits)", "\(counted.misses)", "\(counted.evictions)",
                    counted.hitRatio.map { String(format: "%.1f %%", $0 * 100) } ?? "-",
                ]
            }
        }
        let lines = ([head] + rows).map { cells in
            cells.map { $0.padding(toLength: 12, withPad: " ", startingAt: 0) }.joined()
                .trimmingCharacters(in: .whitespaces)
        }
        let shared = stats.l2Size.map { [values($0, in: "Redis")] } ?? []
        return ([values(stats.l3Count, in: "the store")] + shared + lines).joined(separator: "\n")
    }

    private static func values(_ count: Int, in place: String) -> String {
        "\(count) \(count == 1 ? "value" : "values") in \(place)"
    }
}
