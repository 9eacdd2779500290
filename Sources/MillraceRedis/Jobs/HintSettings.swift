/// How hints are kept. A test may want it otherwise.
struct HintSettings: Sendable {
    /// What nobody has hinted at is claimed all the same, so much later at most.
    var lookInterval = Duration.seconds(1)
    /// How long Redis may take to answer: who waits for a claim must not wait for long.
    var patience = Duration.milliseconds(250)
    /// The most hints of one queue: about 2 MB.
    var limit = 15_000
    /// Who has taken hints out and not said what became of them for so many seconds has died.
    var flightTime = 10
    /// So many of the first jobs of each kind are looked at for those that have no hint, at this interval, and no sooner than
    /// after so many times as long as it takes.
    var auditSize = 1_000
    var auditInterval = Duration.seconds(1)
    var auditRest = 20
}
