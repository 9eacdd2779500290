internal import Synchronization

/// Why something was not measured. Each is counted, and is a counter of the collector itself from the first time on.
public enum MetricRefusal: Sendable, CaseIterable {
    /// The collector had as many series as it may have.
    case overflow
    /// A name was known with another kind, unit or buckets, to one who cannot be told by an error.
    case conflict
    /// A name or label could not be mended, or a value would have spoilt a sum.
    case invalid

    /// What each is counted as, by name.
    static let definitions = Dictionary(uniqueKeysWithValues: allCases.map { ($0.definition.name, $0.definition) })

    /// What it is counted as.
    public var definition: MetricDefinition {
        switch self {
        case .overflow:
            Self.counter(
                "millrace_metrics_overflow_total",
                "Series that were not made because the collector had as many as it may have.")
        case .conflict:
            Self.counter(
                "millrace_metrics_conflicts_total",
                "Registrations that were not made because the name was known with another kind, unit or buckets.")
        case .invalid:
            Self.counter("millrace_metrics_invalid_total", "Names, labels and values that could not be taken.")
        }
    }

    private static func counter(_ name: StaticString, _ help: String) -> MetricDefinition {
        MetricDefinition(known: name, .counter, help: help, unit: nil, buckets: nil)
    }
}

/// What a collector and its handles have refused.
final class MetricRefusals: Sendable {
    private let overflow = Atomic<Int>(0)
    private let conflicts = Atomic<Int>(0)
    private let invalid = Atomic<Int>(0)

    func count(_ refusal: MetricRefusal) {
        switch refusal {
        case .overflow: overflow.wrappingAdd(1, ordering: .relaxed)
        case .conflict: conflicts.wrappingAdd(1, ordering: .relaxed)
        case .invalid: invalid.wrappingAdd(1, ordering: .relaxed)
        }
    }

    subscript(refusal: MetricRefusal) -> Int {
        switch refusal {
        case .overflow: overflow.load(ordering: .relaxed)
        case .conflict: conflicts.load(ordering: .relaxed)
        case .invalid: invalid.load(ordering: .relaxed)
        }
    }
}
