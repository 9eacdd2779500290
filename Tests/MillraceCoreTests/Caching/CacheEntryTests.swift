import Foundation
import MillraceCore
import Testing

@Suite struct CacheEntryTests {
    private func entry(from created: Timestamp, to expires: Timestamp) throws -> CacheEntry {
        CacheEntry(
            key: try CacheKey("k"), value: CacheValue(bytes: Data()), createdAt: created, expiresAt: expires, version: 1
        )
    }

    @Test("What remains shrinks to nothing, and the time of expiry is already too late")
    func remaining() throws {
        let entry = try entry(from: .after(0), to: .after(10))
        #expect(try entry.remaining(at: .after(0)) == TTL(.seconds(10)))
        #expect(try entry.remaining(at: .after(10) - .microseconds(1)) == TTL(.microseconds(1)))
        #expect(entry.remaining(at: .after(10)) == nil)
        #expect(entry.remaining(at: .after(11)) == nil)
    }

    @Test("The longest TTL holds even when the clock is set back")
    func clockSetBack() throws {
        let entry = try entry(from: .after(0), to: .after(0) + TTL.maximum.duration)
        #expect(entry.remaining(at: .after(-1)) == .maximum)
    }
}
