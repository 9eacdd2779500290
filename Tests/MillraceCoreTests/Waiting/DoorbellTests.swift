import MillraceCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct DoorbellTests {
    private let bell = Doorbell()

    @Test func `rings before the wait are remembered as one`() async {
        bell.ring()
        bell.ring()
        await bell.wait()
        let hasWaited = Mutex(false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { @Sendable in
                await bell.wait()
                hasWaited.withLock { $0 = true }
            }
            for _ in 0..<100 { await Task.yield() }
            #expect(!hasWaited.withLock { $0 })
            bell.ring()
        }
        #expect(hasWaited.withLock { $0 })
    }

    @Test func `a wait ends with its task, and the next wait is none the worse for it`() async {
        for _ in 0..<100 {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await bell.wait() }
                group.cancelAll()
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.wait() }
            bell.ring()
        }
    }

    @Test func `of two that wait the first is sent off`() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.wait() }
            group.addTask { await bell.wait() }
            await group.next()
            bell.ring()
        }
    }
}
