internal import Foundation
internal import MillraceTesting

/// Runs a fuzzer case by case until its time is up or something is found.
struct FuzzLoop {
    let name: String
    let firstSeed: UInt64
    let duration: Duration
    let count: Int
    /// Whether each input is printed before it is tried.
    let showsInput: Bool

    /// - Returns: whether nothing was found.
    func run(_ fuzzer: some Fuzzer) async throws -> Bool {
        say("fuzz \(name): first seed \(firstSeed)")
        let note = CrashNote(name: name)
        defer { fuzzer.finish() }
        let start = ContinuousClock.now
        var tried = 0
        while tried < count, ContinuousClock.now - start < duration {
            let seed = firstSeed &+ UInt64(tried)
            var generator = SeededGenerator(seed: seed)
            note.begin(seed)
            let input = fuzzer.makeInput(using: &generator)
            if showsInput {
                say("input: \(fuzzer.describe(input))")
            }
            do {
                try await fuzzer.check(input)
            } catch {
                say("fuzz \(name): found in the case of seed \(seed): \(error)")
                say("input: \(fuzzer.describe(input))")
                say("repeat: script/fuzz \(name) --seed \(seed) --count 1")
                return false
            }
            tried += 1
        }
        note.end()
        let seconds = ((ContinuousClock.now - start) / .milliseconds(100)).rounded() / 10
        say("fuzz \(name): \(tried) cases in \(seconds) s, nothing found")
        return true
    }

    /// Prints a line at once: the process may not live to empty a buffer.
    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
