import Foundation

/// The program under test.
enum Program {
    /// Beside the test bundle in the build folder, or where `MILLRACE_TEST_PROGRAM` says.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["MILLRACE_TEST_PROGRAM"] { return path }
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("millrace").path
    }()

    /// The folder of the package.
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
