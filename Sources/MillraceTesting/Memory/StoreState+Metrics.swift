internal import MillraceCore

extension StoreState {
    mutating func writeSamples(_ samples: [MetricSample], keeping retention: Duration, at now: Timestamp) {
        for sample in samples {
            metricSamples[sample.series, default: []].insertInOrder(TimestampedValue(sample.value, at: sample.time))
        }
        let cutoff = now - retention
        for series in metricSamples.keys {
            metricSamples[series]?.removeAll { $0.time < cutoff }
            if metricSamples[series]?.isEmpty == true { metricSamples[series] = nil }
        }
    }

    /// Puts the samples of a metric's series that have these tags into windows of their own.
    func metricWindows<Window: SampleWindow>(
        of name: MetricName, _ tags: MetricLabels, each empty: Window
    ) -> MetricWindows<Window> {
        var windows = MetricWindows(of: name, each: empty)
        for (series, values) in metricSamples where series.name == name && series.labels.contains(tags) {
            let place = windows.append(series.labels)
            for value in values { windows.add(value.value, at: value.time, to: place) }
        }
        return windows
    }

    func metricSeries(of name: MetricName?, _ range: TimeRange, _ tags: MetricLabels) -> [MetricSeries] {
        metricSamples.filter { series, values in
            (name == nil || series.name == name) && series.labels.contains(tags)
                && values.contains { range.start <= $0.time && $0.time <= range.end }
        }
        .keys.sorted()
    }
}

extension [TimestampedValue] {
    /// Puts a value into its place by time, unless there is one of that time.
    fileprivate mutating func insertInOrder(_ value: TimestampedValue) {
        let place = lastIndex { $0.time <= value.time }
        if let place, self[place].time == value.time { return }
        insert(value, at: place.map { $0 + 1 } ?? startIndex)
    }
}
