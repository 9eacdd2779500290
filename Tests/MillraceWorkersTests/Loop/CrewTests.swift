import Testing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct CrewTests {
    private let crew = Crew()

    @Test func `places are granted until something runs alone, and again when it has left`() {
        #expect(crew.enter(3) == 3)
        #expect(crew.enter(0) == 0)
        #expect(!crew.reserve())
        crew.leave(2)
        #expect(!crew.reserve())
        crew.leave(1)
        #expect(crew.reserve())
        #expect(crew.enter(1) == 0)
        #expect(!crew.reserve())
        crew.leave(1)
        #expect(crew.enter(1) == 1)
    }

    @Test func `one that was given up lets others in, but nothing runs alone beside it`() {
        #expect(crew.reserve())
        crew.endReservation()
        #expect(crew.enter(2) == 2)
        crew.leave(2)
        #expect(!crew.reserve())
        #expect(crew.count == 1)
        crew.leave(1)
        #expect(crew.reserve())
    }

    @Test func `what is started runs until its end, and the place is left before that is told`() async {
        let gate = StopSignal()
        let told = StopSignal()
        #expect(crew.enter(1) == 1)
        let task = crew.start {
            await gate.wait()
            return Task.isCancelled
        } onEnd: { [crew] isCancelled in
            #expect(isCancelled && crew.count == 0)
            told.raise()
        }
        #expect(crew.count == 1)
        task.cancel()
        await crew.waitUntilEmpty()
        await told.wait()
        #expect(crew.count == 0)
    }

    @Test func `waiting for it to be empty ends with the task`() async {
        #expect(crew.enter(1) == 1)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await crew.waitUntilEmpty() }
            group.cancelAll()
        }
        #expect(crew.count == 1)
    }
}
