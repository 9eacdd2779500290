import MillraceCaching
import Testing

@Suite struct SharedSlotTests {
    private typealias Slot = SharedSlot<Character, String>

    @Test func `a lease is given to one, who alone may fill the slot`() {
        var slot = Slot()
        #expect(slot.lease("a") == .leased)
        #expect(slot.lease("a") == .leased, "asked again, because the answer was lost")
        #expect(slot.lease("b") == .busy)
        #expect(slot.fill("b", version: 9, "late") == false)
        #expect(slot.fill("a", version: 1, "one") == true)
        #expect(slot.lease("b") == .value(version: 1, "one"))
        #expect(slot.fill("a", version: 2, "again") == false)
    }

    @Test func `a lease that is given back is free, and nobody gives back another's`() {
        var slot = Slot()
        _ = slot.lease("a")
        slot.release("b")
        #expect(slot.renew("a"))
        #expect(!slot.renew("b"))
        slot.release("a")
        #expect(slot.content == .absent)
        #expect(!slot.renew("a"))
    }

    @Test func `a value gives way to a lease only if it is the one that is of no use`() {
        var slot = Slot(.value(version: 5, "five"))
        #expect(slot.lease("a", replacing: 4) == .value(version: 5, "five"))
        #expect(slot.lease("a", replacing: 5) == .leased)
        #expect(slot.content == .lease("a"))
    }

    @Test func `a late fill does not come after a write`() {
        var slot = Slot()
        _ = slot.lease("r")
        slot.mark("w")
        #expect(slot.fill("r", version: 1, "old") == false, "while it is written")
        #expect(slot.finish("w", version: 2, "new") == true)
        #expect(slot.fill("r", version: 1, "old") == false, "after it")
        #expect(slot.content == .value(version: 2, "new"))
    }

    @Test func `of two writers the later version stays, whoever is done first`() {
        for isInOrder in [true, false] {
            var slot = Slot(.value(version: 1, "one"))
            slot.mark("a")
            slot.mark("b")
            #expect(slot.lease("r") == .busy)
            if isInOrder {
                #expect(slot.finish("a", version: 2, "two") == false)
                #expect(slot.finish("b", version: 3, "three") == true)
                #expect(slot.content == .value(version: 3, "three"))
            } else {
                #expect(slot.finish("b", version: 3, "three") == false)
                #expect(slot.finish("a", version: 2, "two") == false, "the floor keeps it out")
                #expect(slot.content == .absent)
            }
        }
    }

    @Test func `a writer whose mark is lost takes away what is older, and puts nothing in`() {
        let contents: [(Slot.Content, Slot.Content)] = [
            (.absent, .absent), (.lease("r"), .absent), (.value(version: 4, "old"), .absent),
            (.value(version: 5, "own"), .value(version: 5, "own")),
            (.value(version: 6, "new"), .value(version: 6, "new")),
            (.mark(floor: 2, ["b"]), .mark(floor: 5, ["b"])), (.mark(floor: 7, ["b"]), .mark(floor: 7, ["b"])),
        ]
        for (before, after) in contents {
            var slot = Slot(before)
            #expect(slot.finish("w", version: 5, "own") == false)
            #expect(slot.content == after, "\(before)")
            var killed = Slot(before)
            killed.kill(olderThan: 5)
            #expect(killed.content == after, "\(before), by the log")
        }
    }

    @Test func `a deletion leaves nothing, and no value that another writes is older than it`() {
        var slot = Slot(.value(version: 1, "one"))
        slot.mark("d")
        #expect(slot.finish("d", version: 2, nil) == false)
        #expect(slot.content == .absent)
        slot.mark("d")
        slot.mark("w")
        _ = slot.finish("d", version: 4, nil)
        #expect(slot.finish("w", version: 3, "three") == false)
        #expect(slot.content == .absent)
    }

    @Test func `after a write that failed nothing is there, as it may have been done nevertheless`() {
        for content in [.value(version: 9, "nine"), .lease("r"), .mark(floor: 0, ["w"])] as [Slot.Content] {
            var slot = Slot(content)
            slot.abort("w")
            #expect(slot.content == .absent, "\(content)")
        }
        var slot = Slot()
        slot.mark("w")
        slot.mark("x")
        slot.abort("w")
        #expect(slot.finish("x", version: 3, "three") == false)
        #expect(slot.content == .absent)
    }

    @Test func `a mark forgets its oldest writers, and they lose their values by it`() {
        var slot = SharedSlot<Int, String>()
        for writer in 0...SharedSlot<Int, String>.writerLimit { slot.mark(writer) }
        guard case .mark(_, let tokens) = slot.content else {
            Issue.record("no mark")
            return
        }
        #expect(tokens.count == SharedSlot<Int, String>.writerLimit && tokens.first == 1)
        #expect(slot.finish(0, version: 70, "forgotten") == false)
        for writer in 1..<SharedSlot<Int, String>.writerLimit { _ = slot.finish(writer, version: Int64(writer), "x") }
        let last = slot.finish(SharedSlot<Int, String>.writerLimit, version: 65, "older than what was forgotten")
        #expect(!last)
    }
}
