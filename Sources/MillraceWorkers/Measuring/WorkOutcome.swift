internal import CoreMetrics
internal import MillraceCore

/// What became of a run, as it is counted.
enum WorkOutcome: String, CaseIterable {
    case completed, cached, retried, failed, snoozed, awaiting, released, cancelled
    /// Another had the lease by then, and nothing was changed.
    case lost

    /// What runs of jobs may come to.
    static let ofJobs = allCases.filter { $0 != .cached }
    /// What runs of chunks may come to.
    static let ofChunks: [WorkOutcome] = [.completed, .cached, .retried, .failed, .released, .lost]
}

/// Counts the runs of one kind by what became of them.
final class OutcomeCounters: Sendable {
    private let counters: [WorkOutcome: Counter]

    /// Makes a counter for each outcome, so that each begins at zero.
    init(_ metric: MeasuredMetric, of kind: String, _ outcomes: [WorkOutcome], in factory: any MetricsFactory) {
        counters = Dictionary(
            uniqueKeysWithValues: outcomes.map { outcome in
                let dimensions = metric.dimensions(kind, outcome.rawValue)
                return (outcome, Counter(label: metric.name, dimensions: dimensions, factory: factory))
            })
    }

    func count(_ outcome: WorkOutcome) {
        counters[outcome]?.increment()
    }
}

/// What counts the outcome of a run once the store has taken it.
struct Tally: Sendable {
    let counters: OutcomeCounters
    /// Whether a failure is the end of the item, as it has no retry left.
    let isLastTry: Bool

    func count(_ outcome: JobSettlement.Outcome, isLost: Bool) {
        counters.count(isLost ? .lost : WorkOutcome(outcome, isLastTry: isLastTry))
    }

    func count(_ outcome: ChunkSettlement.Outcome, isLost: Bool) {
        counters.count(isLost ? .lost : WorkOutcome(outcome, isLastTry: isLastTry))
    }
}

extension WorkOutcome {
    fileprivate init(_ outcome: JobSettlement.Outcome, isLastTry: Bool) {
        self =
            switch outcome {
            case .completed: .completed
            case .retry: isLastTry ? .failed : .retried
            case .failed: .failed
            case .snoozed: .snoozed
            case .awaiting: .awaiting
            case .released: .released
            case .cancelled: .cancelled
            }
    }

    fileprivate init(_ outcome: ChunkSettlement.Outcome, isLastTry: Bool) {
        self =
            switch outcome {
            case .completed(_, let isFromCache): isFromCache ? .cached : .completed
            case .retry: isLastTry ? .failed : .retried
            case .failed: .failed
            case .released: .released
            }
    }

    /// What a job came to that its handler has settled, as it is found then; one that is gone had come to its end.
    init(ofSettled job: Job?) {
        self =
            switch job?.status {
            case .completed, nil: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            case .queued, .scheduled: .snoozed
            case .processing: .lost
            }
    }
}
