import Testing

/// Waits until something is so, for a time that only a hang can take.
func eventually(_ isSo: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) async {
    let end = ContinuousClock.now + .seconds(240)
    while !isSo() {
        guard ContinuousClock.now < end else {
            Issue.record("did not happen in time", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(10))
    }
}
