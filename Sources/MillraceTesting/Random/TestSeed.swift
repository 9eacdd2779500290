internal import Foundation

/// The seed of all random tests of a process: `MILLRACE_SEED` when it is set, or drawn; printed once.
public enum TestSeed {
    /// The environment variable that decides the seed.
    public static let variable = "MILLRACE_SEED"

    /// The seed of this process.
    public static let value: UInt64 = {
        let seed = parse(ProcessInfo.processInfo.environment[variable]) ?? UInt64.random(in: 0...UInt64.max)
        print("random tests run with \(variable)=\(seed)")
        return seed
    }()

    /// A generator that begins with the seed of this process.
    public static func generator() -> SeededGenerator {
        SeededGenerator(seed: value)
    }

    static func parse(_ text: String?) -> UInt64? {
        text.flatMap { UInt64($0) }
    }
}
