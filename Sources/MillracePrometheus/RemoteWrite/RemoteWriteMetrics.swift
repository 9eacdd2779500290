public import MillraceCore

/// The metrics that a sender of remote write measures of itself; `docs/metrics.md` explains them.
public enum RemoteWriteMetrics {
    /// All of them.
    public static let all = [
        acknowledged, enqueued, retried, dropped, pending, requests, bytes, duration, newestAcknowledged,
        newestEnqueued,
        pause,
    ]

    static let acknowledged = MeasuredMetric(
        "millrace_remote_write_samples_total", .counter, "Samples that the endpoint has taken.")
    static let enqueued = MeasuredMetric(
        "millrace_remote_write_enqueued_samples_total", .counter, "Samples that were put into the outbox.")
    static let retried = MeasuredMetric(
        "millrace_remote_write_retried_samples_total", .counter, "Samples that were sent again, each time counted.")
    static let dropped = MeasuredMetric(
        "millrace_remote_write_dropped_samples_total", .counter, labels: ["reason"],
        """
        Samples that will never be sent: too_old, overflow (of the outbox), rejected (4xx), quarantined (the endpoint fails \
        on them while it takes others), out_of_order, invalid, damaged.
        """)
    static let pending = MeasuredMetric("millrace_remote_write_pending_samples", .gauge, "Samples in the outbox.")
    static let requests = MeasuredMetric(
        "millrace_remote_write_requests_total", .counter, labels: ["code"],
        "Requests by the status of the answer; none without one.")
    static let bytes = MeasuredMetric(
        "millrace_remote_write_sent_bytes_total", .counter, unit: "bytes",
        "Bytes of requests, compressed, repetitions included.")
    static let duration = MeasuredMetric(
        "millrace_remote_write_send_seconds", .histogram, unit: "seconds", "Time from a request to its answer.")
    static let newestAcknowledged = MeasuredMetric(
        "millrace_remote_write_highest_acknowledged_timestamp_seconds", .gauge, unit: "seconds",
        "Time of the newest sample that the endpoint has taken.")
    static let newestEnqueued = MeasuredMetric(
        "millrace_remote_write_highest_enqueued_timestamp_seconds", .gauge, unit: "seconds",
        "Time of the newest sample that was put into the outbox.")
    static let pause = MeasuredMetric(
        "millrace_remote_write_retry_after_seconds", .gauge, unit: "seconds",
        "How long the endpoint asked to be left alone, by its last answer; 0 when it did not.")
}
