import MillraceCore
import Synchronization
import Testing

@Suite struct PagedSequenceTests {
    /// Numbers from 0 in pages, and what was asked for.
    private final class Pages: Sendable {
        let asked = Mutex<[Int?]>([])
        let count: Int

        init(count: Int) {
            self.count = count
        }

        func sequence(pageSize: Int) -> PagedSequence<Int, Int> {
            PagedSequence(
                pageSize: pageSize, cursor: { $0 },
                fetch: { [self] cursor, limit throws(StoreError) in
                    asked.withLock { $0.append(cursor) }
                    let start = cursor.map { $0 + 1 } ?? 0
                    return Array(start..<min(count, start + limit))
                })
        }
    }

    private func all(_ sequence: PagedSequence<Int, Int>) async throws -> [Int] {
        var found: [Int] = []
        for try await element in sequence {
            found.append(element)
        }
        return found
    }

    @Test(
        "It gives every element once, in order, and asks no more than it must",
        arguments: [
            (0, [nil]), (1, [nil]), (2, [nil]), (3, [nil, 2]), (4, [nil, 2]), (6, [nil, 2, 5]), (7, [nil, 2, 5]),
        ])
    func pages(count: Int, asked: [Int?]) async throws {
        let pages = Pages(count: count)
        #expect(try await all(pages.sequence(pageSize: 3)) == Array(0..<count))
        #expect(pages.asked.withLock { $0 } == asked)
    }

    @Test("It begins anew for every reader, and reads a page only when it is needed")
    func lazy() async throws {
        let pages = Pages(count: 10)
        let sequence = pages.sequence(pageSize: 3)
        var iterator = sequence.makeAsyncIterator()
        #expect(pages.asked.withLock { $0.count } == 0)
        for expected in 0..<3 {
            #expect(try await iterator.next() == expected)
        }
        #expect(pages.asked.withLock { $0.count } == 1)
        #expect(try await all(sequence).count == 10)
        #expect(try await iterator.next() == 3)
    }

    @Test("The end stays the end")
    func end() async throws {
        let pages = Pages(count: 1)
        var iterator = pages.sequence(pageSize: 3).makeAsyncIterator()
        #expect(try await iterator.next() == 0)
        #expect(try await iterator.next() == nil)
        #expect(try await iterator.next() == nil)
        #expect(pages.asked.withLock { $0.count } == 1)
    }

    @Test("A store's failure reaches the reader, who may go on from where it was")
    func failure() async throws {
        let failures = Mutex(1)
        let sequence = PagedSequence<Int, Int>(
            pageSize: 1, cursor: { $0 },
            fetch: { cursor, _ throws(StoreError) in
                if cursor == 0,
                    failures.withLock({
                        $0 -= 1
                        return $0 == 0
                    })
                {
                    throw StoreError(.busy, "busy")
                }
                let next = (cursor ?? -1) + 1
                return next < 2 ? [next] : []
            })
        var iterator = sequence.makeAsyncIterator()
        #expect(try await iterator.next() == 0)
        await #expect(throws: StoreError.self) { try await iterator.next() }
        #expect(try await iterator.next() == 1)
        #expect(try await iterator.next() == nil)
    }
}
