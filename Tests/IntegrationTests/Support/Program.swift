import Foundation

/// The program under test.
enum Program {
    /// Beside the test bundle in the build folder, or where `MILLRACE_TEST_PROGRAM` says.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["MILLRACE_TEST_PROGRAM"] { return path }
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("millrace").path
    }()

    /// The workers to be killed and frozen, beside the test bundle too.
    static let soak = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("MillraceSoak").path

    /// The folder of the package.
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
