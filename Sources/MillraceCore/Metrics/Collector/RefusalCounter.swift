/// The series of what a collector has refused for a reason.
final class RefusalCounter: MetricHandle {
    let name: MetricName
    let labels = MetricLabels.none
    private let refusal: MetricRefusal
    private let refusals: MetricRefusals

    init(_ refusal: MetricRefusal, of refusals: MetricRefusals) {
        name = refusal.definition.name
        self.refusal = refusal
        self.refusals = refusals
    }
}

extension RefusalCounter: SampledMetric {
    static let startsAtZero = true

    static func series(of definition: MetricDefinition, labels: MetricLabels) -> [MetricSeries] {
        [MetricSeries(definition.name, labels)]
    }

    func forget() {}

    var values: [Double] { [Double(refusals[refusal])] }
}
