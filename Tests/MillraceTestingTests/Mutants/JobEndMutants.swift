import MillraceCore
import MillraceTesting

/// Stores that say when jobs end, and say it wrongly, too early, or not at all.
enum JobEndMutants {
    static let all: [StoreMutant] = words + bells + silences

    private static let settled =
        "who listens for a job is told when it is settled, not before that is stored, and how it has ended"
    private static let between = "what is said of a job between two waits counts"
    private static let cancelled = "a wait ends with its task, and says nothing; the next one hears of the end"
    private static let lost = "a settlement whose lease was lost ends no job"
    private static let again = "a job that is to be run again has not ended"
    private static let anew =
        "who listens for a job that was queued again by hand is told nothing of how it had ended before"
    private static let everyone =
        "everyone who listens is told, of their own job alone, also when another has stopped"
    private static let otherWays = "who listens is told of what is called off, or given up after too many crashes"
    private static let result = "who waits for a result has it without asking again"

    /// What is said.
    private static let words: [StoreMutant] = [
        StoreMutant("ends told before they are stored", caughtBy: settled) { lab in
            let ends = lab.tellEnds()
            lab.jobs.onSettle = { base, settlements in
                for settlement in settlements { settlement.end.map { ends.tell(settlement.jobID, $0) } }
                // Long enough for who is told to look.
                try await Task.sleep(for: .milliseconds(20))
                return try await base.settle(settlements)
            }
        },
        StoreMutant("ends told without their results", caughtBy: settled) { lab in
            let ends = lab.tellEnds()
            lab.jobs.onSettle = { base, settlements in
                let lost = try await base.settle(settlements)
                for settlement in settlements { ends.tell(settlement.jobID, .completed(result: nil)) }
                return lost
            }
        },
        StoreMutant("ends of those that have lost their lease", caughtBy: lost) { lab in
            let ends = lab.tellEnds()
            lab.jobs.onSettle = { base, settlements in
                let lost = try await base.settle(settlements)
                for settlement in settlements { settlement.end.map { ends.tell(settlement.jobID, $0) } }
                return lost
            }
        },
        StoreMutant("retries taken for ends", caughtBy: again) { lab in
            let ends = lab.tellEnds()
            lab.jobs.onSettle = { base, settlements in
                let lost = try await base.settle(settlements)
                for settlement in settlements {
                    if case .retry(_, let error) = settlement.outcome {
                        ends.tell(settlement.jobID, .failed(error: error))
                    }
                }
                try await ends.tell(settlements.map(\.jobID), of: base)
                return lost
            }
        },
    ]

    /// Who hears it.
    private static let bells: [StoreMutant] = [
        StoreMutant("ends that only who waits just then hears of", caughtBy: between) { $0.tellEnds(.forgets) },
        StoreMutant("waits that go on when they are cancelled", caughtBy: cancelled) {
            $0.tellEnds(.ignoresCancellation)
        },
        StoreMutant("waits that take their own end for the job's", caughtBy: cancelled) {
            $0.tellEnds(.answersCancelled)
        },
        StoreMutant("ends that one of many is told of", caughtBy: everyone) { $0.tellEnds(.tellsOne) },
        StoreMutant("ends from before the job was queued again", caughtBy: anew) { $0.tellEnds(.remembers) },
        StoreMutant("ends of other jobs", caughtBy: everyone) { $0.tellEnds(.tellsStrangers) },
        StoreMutant("silence for all when one has stopped", caughtBy: everyone) { $0.tellEnds(.stopsAll) },
    ]

    /// What is never said.
    private static let silences: [StoreMutant] = [
        StoreMutant("settlements that nobody is told of", caughtBy: settled, between, again, result) { lab in
            lab.tellEnds()
            lab.jobs.onSettle = nil
        },
        StoreMutant("cancellations that nobody is told of", caughtBy: otherWays) { lab in
            lab.tellEnds()
            lab.jobs.onMove = nil
        },
        StoreMutant("saved cancellations that nobody is told of", caughtBy: otherWays) { lab in
            lab.tellEnds()
            lab.jobs.onSave = nil
        },
        StoreMutant("deaths that nobody is told of", caughtBy: otherWays) { lab in
            lab.tellEnds()
            lab.jobs.onRescue = nil
        },
    ]
}

extension JobSettlement {
    /// The end that it brings if its lease holds, and it has no retry left.
    fileprivate var end: JobEnd? {
        switch outcome {
        case .completed(let result): .completed(result: result)
        case .failed(let error), .retry(_, let error): .failed(error: error)
        case .cancelled: .cancelled
        case .released, .snoozed, .awaiting: nil
        }
    }
}
